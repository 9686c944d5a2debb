import { once } from "node:events"
import { connect } from "node:http2"
import { Agent, request as httpsRequest } from "node:https"
import type { Fetch } from "./browser-jar.js"

/** One browser's connections to a server on loopback that speaks TLS. */
export interface HttpsClient {
  send: Fetch
  /** How many connections were opened. */
  readonly opened: number
  close: () => void
}

/**
 * Speaks HTTP/1.1 over one connection that is kept alive.
 * @param from the address of the client, such as 127.0.0.2
 */
export function http1Client(ca: Buffer, from = "127.0.0.1"): HttpsClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  return {
    async send(request) {
      const { hostname: servername, host, port, pathname, search } = new URL(request.url)
      const headers = { ...Object.fromEntries(request.headers), host: request.headers.get("host") ?? host }
      const options = { host: "127.0.0.1", port, path: pathname + search, method: request.method, localAddress: from }
      const sent = httpsRequest({ ...options, headers, agent, ca, servername })
      sent.once("socket", (socket) => sockets.add(socket))
      sent.end(Buffer.from(await request.arrayBuffer()))
      const [answer] = await once(sent, "response")
      return response(answer, answer.statusCode, answer.headers)
    },
    get opened() {
      return sockets.size
    },
    close: () => agent.destroy(),
  }
}

/** Speaks HTTP/2 over one connection, with one `cookie` field for each cookie, as browsers do. */
export function http2Client(ca: Buffer, origin: string): HttpsClient {
  const { port, hostname: servername, host } = new URL(origin)
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername })
  return {
    async send(request) {
      const { pathname, search } = new URL(request.url)
      const { cookie, ...headers } = Object.fromEntries(request.headers)
      const fields = {
        ":method": request.method,
        ":path": pathname + search,
        ":authority": host,
        ...headers,
        ...(cookie && { cookie: cookie.split("; ") }),
      }
      const stream = session.request(fields, { endStream: false })
      stream.end(Buffer.from(await request.arrayBuffer()))
      const [answered] = await once(stream, "response")
      return response(stream, answered[":status"], answered)
    },
    opened: 1,
    close: () => session.close(),
  }
}

async function response(
  body: AsyncIterable<Buffer>,
  status: number,
  given: Record<string, string | string[] | undefined>,
): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  const headers = new Headers()
  for (const [name, value] of Object.entries(given))
    if (!name.startsWith(":")) for (const each of [value ?? []].flat()) headers.append(name, each)
  return new Response(chunks.length > 0 ? Buffer.concat(chunks) : null, { status, headers })
}
