import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"

/** Controls a server on loopback in front of a handler of Request and Response. */
export interface WebServer {
  /** `http://localhost:<port>`: a name, because passkeys don't work with an IP address. */
  origin: string
  close: () => Promise<void>
}

/** Starts a server on a free port. */
export async function serve(handler: (request: Request) => Promise<Response>): Promise<WebServer> {
  const server: Server = createServer((incoming, outgoing) => {
    const { method = "GET" } = incoming
    const hasBody = method !== "GET" && method !== "HEAD"
    const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
      method,
      headers: Object.entries(incoming.headers).flatMap(([name, value]) =>
        [value].flat().flatMap((each): [string, string][] => (each === undefined ? [] : [[name, each]])),
      ),
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" }),
    } as RequestInit)
    handler(request)
      .then(async (response) => {
        outgoing.statusCode = response.status
        response.headers.forEach((value, name) => {
          if (name !== "set-cookie") outgoing.setHeader(name, value)
        })
        outgoing.setHeader("set-cookie", response.headers.getSetCookie())
        outgoing.end(Buffer.from(await response.arrayBuffer()))
      })
      .catch((error) => outgoing.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
