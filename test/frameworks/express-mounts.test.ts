import { once } from "node:events"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import express, { type RequestHandler } from "express"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allowLazy, expressAuth, webHandler } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"

const express4: typeof express = createRequire(import.meta.url)("express4")

const app = new FlowApp("database")
const closers: (() => void)[] = []
beforeAll(async () => {
  app.database = await postgresDatabase()
  await app.browser().signIn("convert", { username: "alice", password })
})
afterAll(async () => {
  for (const close of closers) close()
  await app.database.close()
})

async function listen(server: express.Express): Promise<string> {
  const listening = server.listen(0, "127.0.0.1")
  await once(listening, "listening")
  closers.push(() => {
    listening.closeAllConnections()
    listening.close()
  })
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

async function signsIn(origin: string, base: string): Promise<void> {
  const browser = new Browser(origin)
  const { csrfToken } = (await (await browser.visit(`${base}/csrf`)).json()) as { csrfToken: string }
  await browser.visit(`${base}/callback/password`, { form: { csrfToken, username: "alice", password } })
  expect(await (await browser.visit(`${base}/session`)).json()).toMatchObject({ user: { username: "alice" } })
  expect(await (await browser.visit(`${base}/signin`)).text()).toContain(`${base}/callback/password`)
}

describe("expressAuth is where it is mounted", () => {
  const routes = (changes = {}) => expressAuth(withLazy({ ...app.config, ...changes }))
  it.each<[string, string, (server: express.Express) => void]>([
    ["a path", "/auth", (server) => server.use("/auth", routes())],
    ["a path with a slash at its end", "/auth", (server) => server.use("/auth/", routes())],
    ["a wildcard", "/auth", (server) => server.use("/auth/*splat", routes())],
    ["a wildcard of another name", "/api/auth", (server) => server.use("/api/auth/*rest", routes())],
    ["a route with a wildcard", "/auth", (server) => server.all("/auth/*splat", routes())],
    ["an explicit basePath", "/auth", (server) => server.use("/auth/*splat", routes({ basePath: "/auth" }))],
    ["an explicit basePath at the root", "/deep/auth", (server) => server.use(routes({ basePath: "/deep/auth" }))],
    [
      "a router in a router",
      "/a/b/auth",
      (server) => server.use("/a", express.Router().use("/b", express.Router().use("/auth/*splat", routes()))),
    ],
    ["a parameter", "/t1/auth", (server) => server.use("/:tenant/auth", routes())],
    ["a parameter and a wildcard", "/t1/auth", (server) => server.use("/:tenant/auth/*splat", routes())],
  ])("%s", async (_, base, mount) => {
    const server = express()
    mount(server)
    await signsIn(await listen(server), base)
  })

  it("a wildcard of Express 4", async () => {
    const server = express4()
    server.use("/auth/*", routes())
    await signsIn(await listen(server), "/auth")
  })
})

const bytes = express.raw({ type: "*/*" })
/** Replaces the body that `parse` has read. */
const become =
  (parse: RequestHandler, make: (body: never) => unknown): RequestHandler =>
  (req, res, next) =>
    parse(req, res, (error) => {
      req.body = make(req.body as never)
      next(error)
    })
const parsed = express.urlencoded({ extended: true })

describe("a body that was read before us signs in and converts, or is refused clearly", () => {
  it.each<[string, RequestHandler[]]>([
    ["by nobody", []],
    ["as JSON and forms", [express.json(), parsed]],
    ["as text", [express.text({ type: "*/*" })]],
    ["into a Buffer", [bytes]],
    ["into a Uint8Array", [become(bytes, (body: Buffer) => new Uint8Array(body))]],
    ["into an ArrayBuffer", [become(bytes, (body?: Buffer) => body && Uint8Array.from(body).buffer)]],
    ["into a stream", [become(bytes, (body: Buffer) => Readable.from([body]))]],
    [
      "into an object without a prototype",
      [become(parsed, (body: object) => Object.assign(Object.create(null), body)), express.json()],
    ],
    [
      "into an object with lists and more",
      [become(parsed, (body: object) => ({ ...body, a: { b: [1, { c: null }] } })), express.json()],
    ],
    [
      "and kept beside",
      [
        express.raw({ type: "*/*", verify: (req, _res, raw) => void Object.assign(req, { rawBody: raw }) }),
        (req, _res, next) => {
          req.body = undefined
          next()
        },
      ],
    ],
  ])("%s", async (_, parsers) => {
    const auth = withLazy(app.config)
    const server = express()
    for (const parser of parsers) server.use(parser)
    server.use("/auth", expressAuth(auth))
    server.all("/convert", webHandler(convertPage(auth)))
    const origin = await listen(server)
    await signsIn(origin, "/auth")
    const browser = new Browser(origin)
    const headers = { accept: "application/json" }
    const { csrfToken } = (await (await browser.visit("/convert", { headers })).json()) as { csrfToken: string }
    const username = `body-${crypto.randomUUID().slice(0, 8)}`
    const form = { csrfToken, username, password }
    expect(await (await browser.visit("/convert", { headers, form })).json()).toMatchObject({ ok: true })
  })

  it.each<[string, RequestHandler[]]>([
    ["null", [become(bytes, () => null)]],
    ["nothing", [become(bytes, () => undefined)]],
    ["a number", [become(bytes, () => 1)]],
    [
      "an object that holds itself",
      [
        become(bytes, () => {
          const self: Record<string, unknown> = {}
          self.self = self
          return self
        }),
      ],
    ],
    ["a big integer", [become(bytes, () => ({ big: 1n }))]],
  ])("as %s", async (_, parsers) => {
    const auth = withLazy(app.config)
    const server = express()
    for (const parser of parsers) server.use(parser)
    server.use("/auth", expressAuth(auth))
    server.all("/convert", webHandler(convertPage(auth)))
    const browser = new Browser(await listen(server))
    for (const path of ["/auth/callback/password", "/convert"])
      for (const sent of [{ json: { username: "alice", password } }, { form: { username: "alice", password } }])
        expect((await browser.visit(path, sent)).status).toBeLessThan(500)
  })
})

it("keeps an answer private that sets the cookie of a session, whatever the handler says", async () => {
  const auth = withLazy(app.config)
  const server = express()
  server.get("/set", allowLazy(auth), (_req, res) => void res.set("Cache-Control", "public, max-age=60").send("ok"))
  server.get("/written", allowLazy(auth), (_req, res) => {
    res.writeHead(200, { "Cache-Control": "public, max-age=60" }).end("ok")
  })
  const origin = await listen(server)
  for (const path of ["/set", "/written"]) {
    const browser = new Browser(origin)
    const first = await browser.visit(path)
    expect(first.headers.has("set-cookie")).toBe(true)
    expect(first.headers.get("cache-control")).toBe("private, no-store")
    expect((await browser.visit(path)).headers.get("cache-control")).toBe("public, max-age=60")
  }
})
