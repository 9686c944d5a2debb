import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** When a connection is cut: before a statement reaches the server, or before its answer comes back. */
export type CutMoment = "before" | "after"

/** Controls a proxy on loopback in front of a database. */
export interface CuttingProxy {
  port: number
  /** Cuts the connection of the next statement that fits. Resolves when it has. */
  cut: (statement: RegExp, moment: CutMoment) => Promise<void>
  /** Withdraws the cuts that have not happened. Returns how many there were. */
  spare: () => number
  /** Ends every connection and refuses new ones until `open` is called. */
  shut: () => void
  open: () => void
  close: () => Promise<void>
}

interface Cut {
  statement: RegExp
  moment: CutMoment
  done: () => void
}

/** The tags by which PostgreSQL says that it has carried out a statement. */
const DONE = /(?:COMMIT|INSERT 0 \d+|SELECT \d+|UPDATE \d+|DELETE \d+)\0/

/** Starts a proxy that passes bytes on until it is told to cut. */
export async function startCuttingProxy(serverPort: number): Promise<CuttingProxy> {
  const cuts: Cut[] = []
  const pairs = new Set<() => void>()
  let isShut = false

  const server = createServer((client: Socket) => {
    if (isShut) return void client.resetAndDestroy()
    const behind = connect({ host: "127.0.0.1", port: serverPort, noDelay: true })
    client.setNoDelay(true)
    const end = () => {
      pairs.delete(end)
      client.destroy()
      behind.destroy()
    }
    pairs.add(end)
    let waiting: Cut | undefined
    client.on("data", (data) => {
      const position = waiting ? -1 : cuts.findIndex(({ statement }) => statement.test(data.toString("latin1")))
      const [found] = position < 0 ? [] : cuts.splice(position, 1)
      if (found?.moment === "before") {
        end()
        return found.done()
      }
      waiting ??= found
      behind.write(data)
    })
    behind.on("data", (data) => {
      if (!waiting || !DONE.test(data.toString("latin1"))) return void client.write(data)
      end()
      waiting.done()
    })
    for (const socket of [client, behind]) socket.on("error", end).on("close", end)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const endAll = () => {
    for (const end of [...pairs]) end()
  }
  return {
    port,
    cut: (statement, moment) => new Promise((done) => void cuts.push({ statement, moment, done })),
    spare: () => cuts.splice(0).length,
    shut() {
      isShut = true
      endAll()
    },
    open() {
      isShut = false
    },
    async close() {
      endAll()
      server.close()
      await once(server, "close")
    },
  }
}
