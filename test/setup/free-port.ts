import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"

/** Finds a port on loopback for a program that can't choose a free one itself. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
