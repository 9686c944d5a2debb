import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import type { NextFetchEvent, NextRequest } from "next/server.js"
import { afterAll, beforeAll, vi } from "vitest"
import type { LazyAuth } from "../../src/index.js"
import { allowLazy, requireLazy, requireReal, withLazy } from "../../src/next.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"
import { buildInPlace } from "./next-app.js"

// Next puts it there when it starts; parts of it are imported here before.
await vi.hoisted(async () => {
  const { AsyncLocalStorage } = await import("node:async_hooks")
  Object.assign(globalThis, { AsyncLocalStorage })
})

const dir = fileURLToPath(new URL("contract-app", import.meta.url))

/** Says which app a request is for: Next keeps one for the whole process, the contract starts many. */
const APP = "x-contract-app"
/** What a proxy before the app writes, since Next itself tells no address: https://nextjs.org/docs/app/guides/upgrading/version-15 */
const ADDRESS = "x-socket-address"

const apps = new Map<string, ContractApp & { auth: LazyAuth }>()

function appOf(headers: Headers): ContractApp & { auth: LazyAuth } {
  const app = apps.get(headers.get(APP) ?? "")
  if (!app) throw new Error("A request for no app.")
  return app
}

/** What the app of test/next/contract-app asks for; it is built once, and the contract makes a configuration for each test. */
const contract = {
  config: (headers: Headers, request?: NextRequest) => appOf(headers).auth(request),
  events: (headers: Headers) => appOf(headers).events(),
  async proxy(request: NextRequest, event: NextFetchEvent): Promise<Response> {
    const { auth } = appOf(request.headers)
    const gates = { "/real": requireReal(auth), "/lazy": requireLazy(auth, "/welcome") }
    try {
      return await (gates[request.nextUrl.pathname as keyof typeof gates] ?? allowLazy(auth))(request, event)
    } catch (error) {
      return new Response((error as Error).constructor.name, { status: 500 })
    }
  },
}

interface NextServer {
  prepare: () => Promise<void>
  getRequestHandler: () => typeof handle
  close: () => Promise<void>
}

let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
let closeNext: () => Promise<void>

beforeAll(async () => {
  Object.assign(globalThis, { contract })
  await buildInPlace(dir)
  Object.assign(process.env, { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" })
  // Not imported, since its types say of every `process.env` that it has a NODE_ENV.
  const next: (options: object) => NextServer = createRequire(import.meta.url)("next")
  const app = next({ dev: false, dir, hostname: "localhost", port: 3000, quiet: true })
  await app.prepare()
  handle = app.getRequestHandler()
  closeNext = () => app.close()
}, 200_000)

afterAll(() => closeNext?.())

async function start(app: ContractApp): Promise<ContractServer> {
  const id = crypto.randomUUID()
  const { lazy, ...config } = app.config
  const auth = withLazy({ ...config, basePath: "/auth", lazy: { trustProxy: { header: ADDRESS }, ...lazy } })
  apps.set(id, { ...app, auth })
  const server = createServer((request, response) => {
    Object.assign(request.headers, { [APP]: id, [ADDRESS]: request.socket.remoteAddress })
    void handle(request, response)
    // Next takes up WebSockets at the first request, and then never answers one.
    server.removeAllListeners("upgrade")
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
      apps.delete(id)
    },
  }
}

describeGateContract("Next.js", start)
