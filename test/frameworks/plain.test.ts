import type { IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { createAdaptorServer } from "@hono/node-server"
import { expect, it } from "vitest"
import { type GateOptions, gate, handleAuth, withLazy } from "../../src/index.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"
import { AHEAD, BOTS, send } from "../contract/gate-contract-visitor.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

it("makes nobody in a thousand requests of crawlers and of pages that are loaded ahead", async () => {
  const app = new FlowApp("database")
  app.database = await postgresDatabase()
  const server = await start({ config: app.config, behindTls: false, events: () => new ReadableStream() })
  try {
    const kinds = [...Object.values(AHEAD), ...Object.values(BOTS).map((agent) => ({ "user-agent": agent }))]
    for (let sent = 0; sent < 1000; sent += 20) {
      const answers = Array.from({ length: 20 }, (_, n) =>
        send({ port: server.port, path: "/", headers: kinds[(sent + n) % kinds.length] }),
      )
      for (const answer of await Promise.all(answers)) {
        // 503 where a browser would keep the page for a click.
        expect([200, 503]).toContain(answer.status)
        expect(answer.headers.getSetCookie()).toEqual([])
      }
    }
    expect([await app.count('"user"'), await app.count("session")]).toEqual([0, 0])
  } finally {
    await server.close()
    await app.database.close()
  }
})

const ROUTES: Record<string, GateOptions> = {
  "GET /": {},
  "HEAD /": {},
  "OPTIONS /": {},
  "POST /": {},
  "GET /stream": {},
  "GET /real": { require: "real" },
  "GET /lazy": { require: "lazy", redirectTo: "/welcome" },
  "GET /optional": { create: false },
  "POST /optional": { create: false },
  "GET /write": { on: "write" },
  "POST /write": { on: "write" },
}

describeGateContract("Request and Response", start, { deafToProxies: true })

async function start({ config, events }: ContractApp): Promise<ContractServer> {
  const auth = withLazy(config)

  async function answer(request: Request, address: string): Promise<Response> {
    const { pathname } = new URL(request.url)
    const getClientAddress = () => address
    if (pathname.startsWith("/auth/")) return handleAuth(request, auth, { getClientAddress })
    const route = ROUTES[`${request.method} ${pathname}`]
    if (!route) return new Response(null, { status: 404 })

    const result = await gate(request, auth, { ...route, getClientAddress })
    if (!result.open) return result.apply()
    return result.apply(pathname === "/stream" ? stream() : await page(request.url, result.session, result.cookie))
  }

  async function page(url: string, session: unknown, cookie: string): Promise<Response> {
    const asked = new Request(new URL("/auth/session", url), { headers: { cookie } })
    const own = await (await handleAuth(asked, auth)).json()
    return Response.json({ session, cookieSeen: cookie.includes("authjs.session-token"), own })
  }

  const stream = () => new Response(events(), { headers: { "content-type": "text/event-stream" } })

  const server = createAdaptorServer({
    fetch: (request: Request, { incoming }: { incoming: IncomingMessage }) =>
      answer(request, incoming.socket.remoteAddress ?? "").catch((error) => new Response(error.name, { status: 500 })),
  } as Parameters<typeof createAdaptorServer>[0])
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      if ("closeAllConnections" in server) server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
