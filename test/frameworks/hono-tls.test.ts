import { once } from "node:events"
import { request as httpRequest, type Server } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { authHandler, initAuthConfig } from "@hono/auth-js"
import { createAdaptorServer } from "@hono/node-server"
import { Hono } from "hono"
import { afterAll, beforeAll, expect, it } from "vitest"
import { allowLazy, requireReal } from "../../src/hono.js"
import { withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { type Certificate, selfSigned } from "../setup/certificate.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { type HttpsClient, http1Client } from "../setup/https-client.js"

const app = new FlowApp("database")
const closers: (() => void)[] = []
let certificate: Certificate
let client: HttpsClient

beforeAll(async () => {
  app.database = await postgresDatabase()
  certificate = selfSigned()
  client = http1Client(certificate.cert)
  closers.push(() => client.close())
})
afterAll(async () => {
  for (const close of closers) close()
  await app.database.close()
})

async function start(): Promise<number> {
  const auth = withLazy(app.config)
  const convert = convertPage(auth)
  const routes = new Hono()
    .use(
      "*",
      initAuthConfig((c) => auth(c)),
    )
    .use("/auth/*", authHandler())
    .all("/convert", (c) => convert(c.req.raw, c))
    .get("/", allowLazy(auth), (c) => c.json(c.get("session")?.user ?? null))
    .get("/account", requireReal(auth, { redirectTo: "/convert" }), (c) => c.text("account"))
  return listen(createAdaptorServer({ fetch: routes.fetch }) as Server)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A proxy that ends TLS, as nginx would, and says so in its own way. */
function proxy(port: number, proto: string): Promise<number> {
  return listen(
    createServer(certificate, (incoming, outgoing) => {
      const headers = { ...incoming.headers, "x-forwarded-proto": proto, "x-forwarded-host": incoming.headers.host }
      const { method, url: path } = incoming
      const passed = httpRequest({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(passed)
    }) as unknown as Server,
  )
}

async function convertsOver(origin: string): Promise<void> {
  const browser = new Browser(origin, client.send)
  const user = (await (await browser.visit("/")).json()) as { id: string; isLazy: boolean }
  expect(user.isLazy).toBe(true)
  const kept = await browser.jar.getCookies(origin)
  expect(kept.map(({ key, secure }) => [key, secure])).toEqual([["__Secure-authjs.session-token", true]])
  const users = await app.count('"user"')
  const headers = { accept: "application/json" }
  const { csrfToken } = (await (await browser.visit("/convert", { headers })).json()) as { csrfToken: string }
  const username = `tls-${crypto.randomUUID().slice(0, 8)}`
  const answer = await browser.visit("/convert", { headers, json: { csrfToken, username, password } })
  expect(await answer.json()).toMatchObject({ ok: true, user: { id: user.id } })
  expect(await app.count('"user"')).toBe(users)
  expect(await (await browser.visit("/account")).text()).toBe("account")
  expect((await browser.session())?.user.id).toBe(user.id)
  expect((await browser.jar.getCookies(origin)).every(({ key, secure }) => secure && key.startsWith("__"))).toBe(true)
}

it.each(["https", "https,http", " https , http", "HTTPS"])(
  "gate, routes and convert page see one address behind TLS, told as %j",
  async (proto) => {
    await convertsOver(`https://localhost:${await proxy(await start(), proto)}`)
  },
)

it("believes AUTH_URL before any header, also without a path", async () => {
  const port = await proxy(await start(), "http")
  process.env.AUTH_URL = `https://localhost:${port}`
  try {
    await convertsOver(`https://localhost:${port}`)
  } finally {
    delete process.env.AUTH_URL
  }
})

it.each([
  ["x-forwarded-proto", "javascript"],
  ["x-forwarded-proto", ","],
  ["x-forwarded-host", "evil@host/path"],
  ["x-forwarded-host", "a b"],
])("goes by the request itself where %s is %j", async (name, value) => {
  const origin = `http://127.0.0.1:${await start()}`
  const browser = new Browser(origin)
  const headers = { [name]: value }
  const answer = await browser.visit("/", { headers })
  expect(answer.status).toBe(200)
  expect(answer.headers.get("set-cookie")).toMatch(/^authjs\.session-token=/)
  expect((await browser.visit("/auth/csrf", { headers })).status).toBe(200)
})
