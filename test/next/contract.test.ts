import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { notFound, redirect } from "next/navigation.js"
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import type { LazyAuth } from "../../src/index.js"
import {
  allowLazy,
  type GateSession,
  type NextGate,
  optionalSession,
  requireLazy,
  requireReal,
  withLazy,
} from "../../src/next.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"
import { API, NAVIGATION, Visitor } from "../contract/gate-contract-visitor.js"
import { describeLeaving } from "../contract/leaving.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"
import { buildInPlace } from "./next-app.js"

// Next puts it there when it starts; parts of it are imported here before.
await vi.hoisted(async () => {
  const { AsyncLocalStorage } = await import("node:async_hooks")
  Object.assign(globalThis, { AsyncLocalStorage })
})

const dir = fileURLToPath(new URL("contract-app", import.meta.url))

/** Names the app of a request. Next keeps one for the process, but the contract starts many. */
const APP = "x-contract-app"
/**
 * Writes the headers of a proxy, because Next doesn't tell the client's address:
 * https://nextjs.org/docs/app/guides/upgrading/version-15
 */
const ADDRESS = "x-socket-address"

const apps = new Map<string, ContractApp & { auth: LazyAuth }>()

function appOf(headers: Headers): ContractApp & { auth: LazyAuth } {
  const app = apps.get(headers.get(APP) ?? "")
  if (!app) throw new Error("A request for no app.")
  return app
}

/**
 * The functions that the app of test/next/contract-app calls. The app is built once, and each test
 * makes its own configuration.
 */
const contract = {
  config: (headers: Headers, request?: NextRequest) => appOf(headers).auth(request),
  events: (headers: Headers) => appOf(headers).events(),
  requiring: (headers: Headers) => requireLazy(appOf(headers).auth, { redirectTo: "/leave/json" }).session(),
  writing: (headers: Headers) => allowLazy(appOf(headers).auth, { on: "write" }).session(),
  lazy: (request: NextRequest, context: unknown, handler: (request: NextRequest) => Promise<Response>) =>
    allowLazy(appOf(request.headers).auth).route(handler)(request, context),
  async proxy(request: NextRequest, event: NextFetchEvent): Promise<Response> {
    const { auth } = appOf(request.headers)
    if (request.nextUrl.pathname.startsWith("/away/")) return leaveProxy(allowLazy(auth), request, event)
    const gates = {
      "/real": requireReal(auth),
      "/lazy": requireLazy(auth, { redirectTo: "/welcome" }),
      "/optional": optionalSession(auth),
      "/write": allowLazy(auth, { on: "write" }),
    }
    const gate = gates[request.nextUrl.pathname as keyof typeof gates] ?? allowLazy(auth)
    try {
      return await gate.proxy(request, event)
    } catch (error) {
      return new Response((error as Error).constructor.name, { status: 500 })
    }
  },
}

/** Ways to leave a proxy of an app's own, by the last part of the path. */
const proxies: Record<string, (request: NextRequest) => Response | undefined> = {
  redirect: () => redirect("/"),
  notFound: () => notFound(),
  thrown: () => {
    throw new Response("thrown", { status: 409 })
  },
  error: () => {
    throw new Error("expected by the test")
  },
  nothing: () => undefined,
  rewrite: (request) => NextResponse.rewrite(new URL("/away/nothing", request.url)),
  answer: () => new Response("from the proxy", { headers: { "cache-control": "public, max-age=60" } }),
  immutable: (request) => Response.redirect(new URL("/", request.url)),
}

async function leaveProxy(
  gate: NextGate<GateSession | null>,
  request: NextRequest,
  event: NextFetchEvent,
): Promise<Response> {
  const way = request.nextUrl.pathname.split("/").at(-1) ?? ""
  // Next passes the event where a route handler is given its parameters.
  if (way === "wrapped") return gate.route(() => NextResponse.next())(request, event)
  return gate.proxy(request, event, (gated) => proxies[way]?.(gated))
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

it("reads in a page and in a GET, and makes the user in a write, with session() of a gate with on: write", async () => {
  const app = new FlowApp("database")
  app.database = await postgresDatabase()
  const server = await start({ config: app.config, behindTls: false, events: () => new ReadableStream() })
  try {
    const visitor = new Visitor(server.port)
    const origin = { origin: visitor.origin, "sec-fetch-site": "same-origin" }
    const ask = async (sent: Parameters<Visitor["visit"]>[1]) =>
      ((await (await visitor.visit("/write/session", sent)).json()) as { id: string | null }).id
    const page = async () => (await visitor.visit("/write/shown", { headers: NAVIGATION })).text()
    expect(await page()).toContain("<p>nobody</p>")
    for (const headers of [NAVIGATION, API]) expect(await ask({ headers })).toBeNull()
    expect(await app.count('"user"')).toBe(0)
    // No body says that this is a write, but the browser's headers do.
    const id = await ask({ method: "DELETE", headers: { ...API, ...origin } })
    expect(id).toEqual(expect.any(String))
    expect(await ask({ form: { text: "a note" }, headers: { ...NAVIGATION, ...origin } })).toBe(id)
    expect(await ask({ headers: API })).toBe(id)
    expect(await page()).toContain(`<p>${id}</p>`)
    expect(await app.count('"user"')).toBe(1)
    const other = new Visitor(server.port)
    const json = { json: { text: "a note" }, headers: API }
    expect(await (await other.visit("/write/session", json)).json()).toEqual({
      id: expect.not.stringMatching(id ?? ""),
    })
  } finally {
    await server.close()
    await app.database.close()
  }
})

it("shows no session to a form of another site, where sites may embed the app", async () => {
  const app = new FlowApp("database")
  app.database = await postgresDatabase()
  const config = { ...app.config, lazy: { ...app.config.lazy, embedded: ["https://partner.example"] } }
  const server = await start({ config, behindTls: false, events: () => new ReadableStream() })
  try {
    const { origin } = new Visitor(server.port)
    const made = await new Visitor(server.port).visit("/", { headers: NAVIGATION })
    const cookie =
      made.headers
        .getSetCookie()
        .find((each) => each.includes("session-token="))
        ?.split(";")[0] ?? ""
    const ask = async (headers: Record<string, string>, form?: Record<string, string>) =>
      (
        await new Visitor(server.port).visit("/write/required", {
          headers: { ...headers, cookie },
          ...(form && { form }),
        })
      ).status
    expect(await ask({ ...NAVIGATION, "sec-fetch-site": "same-origin", origin }, { text: "mine" })).toBe(200)
    const foreign = { ...NAVIGATION, "sec-fetch-site": "cross-site" }
    expect(await ask({ ...foreign, origin: "https://evil.example" }, { text: "planted" })).toBe(303)
    // A link of another site is no form.
    expect(await ask(foreign)).toBe(200)
  } finally {
    await server.close()
    await app.database.close()
  }
})

describeLeaving("Next.js", (config) => start({ config, behindTls: false, events: () => new ReadableStream() }), {
  "redirect() in a route handler": { path: "/leave/redirect", status: 307, location: "/" },
  "redirect() after a form": { path: "/leave/redirect", status: 303, location: "/", method: "POST" },
  "permanentRedirect()": { path: "/leave/permanent", status: 308, location: "/" },
  "notFound()": { path: "/leave/notFound", status: 404 },
  "unauthorized()": { path: "/leave/unauthorized", status: 401 },
  "forbidden()": { path: "/leave/forbidden", status: 403 },
  "cookies() before redirect()": { path: "/leave/cookieAndRedirect", status: 307, location: "/" },
  "a sign-out before redirect()": { path: "/leave/signOut", status: 307, signsOut: true },
  "an error": { path: "/leave/error", status: 500 },
  "an answer that is thrown": { path: "/leave/thrown", status: 409, body: "thrown" },
  "no answer": { path: "/leave/nothing", status: 500 },
  "the answer of a proxy": { path: "/leave/next", status: 500 },
  "a rewrite, which is for proxies": { path: "/leave/rewrite", status: 500 },
  "a redirect whose headers can't be changed": { path: "/leave/immutable", status: 302, location: "/" },
  "an answer for shared caches": { path: "/leave/shared", status: 200 },
  "a stream": { path: "/leave/stream", status: 200, body: "onetwo" },
  "JSON, after a form": { path: "/leave/json", status: 200, method: "POST" },
  "redirect() in a proxy": { path: "/away/redirect", status: 307, location: "/" },
  "notFound() in a proxy": { path: "/away/notFound", status: 404 },
  "an answer that a proxy throws": { path: "/away/thrown", status: 409, body: "thrown" },
  "an error in a proxy": { path: "/away/error", status: 500 },
  "a proxy that goes on to the page": { path: "/away/nothing", status: 200, body: "a page" },
  "a proxy that is wrapped as a route handler is": { path: "/away/wrapped", status: 200, body: "a page" },
  "a proxy that rewrites": { path: "/away/rewrite", status: 200, body: "a page" },
  "a proxy that answers": { path: "/away/answer", status: 200, body: "from the proxy" },
  "a proxy that redirects": { path: "/away/immutable", status: 302, location: "/" },
})
