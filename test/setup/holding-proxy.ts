import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** Holds a request on its way to the app, or an answer on its way back. */
interface Held {
  url: string
  /** Sends it on. */
  release: () => void
}

/** Controls a proxy on loopback that delays or loses chosen requests. */
export interface HoldingProxy {
  origin: string
  /** Holds the next request that fits before the app sees it. Resolves when it arrives. */
  holdRequest: (fits: (request: IncomingMessage) => boolean) => Promise<Held>
  /** Holds the answer to the next request that fits, after the app has done its work. */
  holdAnswer: (fits: (request: IncomingMessage) => boolean) => Promise<Held>
  /** Loses the answer to the next request that fits: the browser sees the connection end. */
  loseAnswer: (fits: (request: IncomingMessage) => boolean) => Promise<void>
  /** Requests that went through, as `GET /path 200`. */
  readonly seen: readonly string[]
  close: () => Promise<void>
}

interface Order {
  fits: (request: IncomingMessage) => boolean
  at: "request" | "answer"
  meet: (url: string) => Promise<"go on" | "lose">
}

/** Starts a proxy in front of an app. The app sees its own address, not the proxy's. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const orders: Order[] = []
  const seen: string[] = []
  const take = (incoming: IncomingMessage, at: Order["at"]) => {
    const index = orders.findIndex((order) => order.at === at && order.fits(incoming))
    return index === -1 ? undefined : orders.splice(index, 1)[0]
  }

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await take(incoming, "request")?.meet(incoming.url ?? "")
    const { hostname, port } = new URL(target)
    const { method, url, headers } = incoming
    const behind = request({ hostname, port, method, path: url, headers, agent: false }, async (answer) => {
      const order = take(incoming, "answer")
      if (order && (await order.meet(url ?? "")) === "lose") return void outgoing.destroy()
      seen.push(`${method} ${url} ${answer.statusCode}`)
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    behind.on("error", () => outgoing.destroy())
    incoming.pipe(behind)
  }

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo

  const hold = (at: Order["at"], fits: Order["fits"]) =>
    new Promise<Held>((resolve) => {
      const meet = (url: string) => new Promise<"go on">((release) => resolve({ url, release: () => release("go on") }))
      orders.push({ fits, at, meet })
    })

  return {
    origin: `http://localhost:${port}`,
    seen,
    holdRequest: (fits) => hold("request", fits),
    holdAnswer: (fits) => hold("answer", fits),
    loseAnswer: (fits) =>
      new Promise((resolve) => {
        const meet = async () => {
          resolve()
          return "lose" as const
        }
        orders.push({ fits, at: "answer", meet })
      }),
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Returns a test for requests with this method and path, whatever their query. */
export function requestTo(method: string, path: string) {
  return (incoming: IncomingMessage) => incoming.method === method && (incoming.url ?? "").split("?")[0] === path
}
