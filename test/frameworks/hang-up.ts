import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { createConnection } from "node:net"
import { CHROME } from "../contract/gate-contract-visitor.js"

/** Asks for a page as a visitor who is gone before it comes. */
export async function hangUp(port: number, path = "/"): Promise<void> {
  const socket = createConnection(port, "127.0.0.1")
  await once(socket, "connect")
  const head = [`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, `User-Agent: ${CHROME}`, "X-Hangs-Up: yes", "", ""]
  await new Promise<void>((resolve) => socket.write(head.join("\r\n"), () => resolve()))
  socket.destroy()
}

/**
 * Resolves when a client that hangs up has done so, and at once for others. Like an app that awaits
 * a lookup before the gate.
 */
export async function untilGone(request: IncomingMessage): Promise<void> {
  if (request.headers["x-hangs-up"]) await once(request.socket, "close")
}
