import type { IncomingMessage } from "node:http"
import { createAdaptorServer, type ServerType } from "@hono/node-server"
import express from "express"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import * as inExpress from "../../src/express.js"
import { gate, type LazyAuth, withLazy } from "../../src/index.js"
import { BOTS, NAVIGATION } from "../contract/gate-contract-visitor.js"
import type { VisitOptions } from "../setup/browser-jar.js"
import { selfSigned } from "../setup/certificate.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"
import { http1Client } from "../setup/https-client.js"
import { withoutNginx } from "../setup/left-out.js"
import { type Nginx, startNginx } from "../setup/nginx.js"
import { HOST, PROTO, server } from "./nginx-configurations.js"
import { NotesVisitor } from "./notes-visitor.js"

/** Pages that a shared cache may keep for a minute, as far as the gate lets it. */
const SHARED = { "cache-control": "public, max-age=0, s-maxage=60" }
const GATES = { "/": { on: "write" }, "/cdn": { on: "write", csrfCookie: false } } as const

const APPS: Record<string, (auth: LazyAuth) => ServerType> = {
  Express(auth) {
    const app = express().set("trust proxy", 1)
    for (const [path, options] of Object.entries(GATES))
      app.all(path, inExpress.allowLazy(auth, options), (_req, res) => {
        // A `Vary` of the app's own must not take the place of the gate's.
        res.set({ ...SHARED, vary: "Accept-Language" }).json({ id: res.locals.session?.user.id ?? null })
      })
    return app.listen(0, "127.0.0.1")
  },
  "gate()"(auth) {
    const fetch = async (request: Request) => {
      const { pathname } = new URL(request.url)
      const result = await gate(request, auth, GATES[pathname as keyof typeof GATES])
      if (!result.open) return result.apply()
      return result.apply(Response.json({ id: result.session?.user.id ?? null }, { headers: SHARED }))
    }
    return createAdaptorServer({ fetch }).listen(0, "127.0.0.1")
  },
}

describe.skipIf(withoutNginx).each(Object.keys(APPS))(
  "pages of %s behind a gate with on: write, in nginx's cache",
  (name) => {
    const app = new FlowApp("database")
    const certificate = selfSigned()
    const closers: (() => unknown)[] = []
    let nginx: Nginx

    beforeAll(async () => {
      app.database = await postgresDatabase()
    })
    beforeEach(async () => {
      const served = APPS[name]?.(withLazy(app.config)) as ServerType
      closers.push(() => served.close())
      await new Promise((resolve) => served.once("listening", resolve))
      const { port } = served.address() as { port: number }
      const caching = ["proxy_cache shared", "add_header X-Cache $upstream_cache_status always"]
      nginx = await startNginx(`proxy_cache_path shared keys_zone=shared:1m; ${server([HOST, PROTO, ...caching])}`, {
        app: port,
        certificate,
      })
      closers.push(() => nginx.close())
      process.env.AUTH_URL = nginx.origin
    })
    afterEach(async () => {
      delete process.env.AUTH_URL
      for (const close of closers.splice(0).reverse()) await close()
    })
    afterAll(() => app.database?.close())

    function visitor() {
      const client = http1Client(certificate.cert)
      closers.push(() => client.close())
      const browser = new NotesVisitor(nginx.origin, client.send)
      const ask = async (path: string, sent: VisitOptions = {}) => {
        const answer = await browser.visit(path, { ...sent, headers: { ...NAVIGATION, ...sent.headers } })
        const { id } = (await answer.json()) as { id: string | null }
        return { id, cache: answer.headers.get("x-cache"), cookies: answer.headers.getSetCookie() }
      }
      const write = (path: string) =>
        ask(path, { form: { a: "b" }, headers: { "sec-fetch-site": "same-origin", origin: nginx.origin } })
      return { browser, ask, write }
    }

    it("are shared without a cookie, and never with the page of somebody who has a session", async () => {
      const [reader, other, writer] = [visitor(), visitor(), visitor()]
      expect(await reader.ask("/cdn")).toEqual({ id: null, cache: "MISS", cookies: [] })
      for (const each of [reader, other, writer])
        expect(await each.ask("/cdn")).toEqual({ id: null, cache: "HIT", cookies: [] })
      const { id, cookies } = await writer.write("/cdn")
      expect([id, cookies.length]).toEqual([expect.any(String), 1])
      for (let n = 0; n < 2; n++) expect(await writer.ask("/cdn")).toEqual({ id, cache: "MISS", cookies: [] })
      expect(await other.ask("/cdn")).toEqual({ id: null, cache: "HIT", cookies: [] })
      const second = await other.write("/cdn")
      expect(second.id).not.toBe(id)
      for (const [each, own] of [
        [other, second.id],
        [writer, id],
      ] as const)
        expect(await each.ask("/cdn")).toMatchObject({ id: own, cache: "MISS" })
    })

    it("are not shared where they give a browser its CSRF cookie", async () => {
      const [one, two] = [visitor(), visitor()]
      const bot = { headers: { "user-agent": BOTS.Googlebot ?? "" } }
      expect(await visitor().ask("/", bot)).toEqual({ id: null, cache: "MISS", cookies: [] })
      const first = [await one.ask("/"), await two.ask("/")]
      expect(first).toMatchObject([
        { cache: "MISS", cookies: [expect.any(String)] },
        { cache: "MISS", cookies: [expect.any(String)] },
      ])
      expect(first[0]?.cookies).not.toEqual(first[1]?.cookies)
      expect(await one.ask("/")).toEqual({ id: null, cache: "MISS", cookies: [] })
      expect(await one.ask("/")).toEqual({ id: null, cache: "HIT", cookies: [] })
      expect(await two.ask("/")).toMatchObject({ cache: "MISS", cookies: [] })
      const { id } = await one.write("/")
      expect(await one.ask("/")).toEqual({ id, cache: "MISS", cookies: [] })
      expect((await two.ask("/")).id).toBeNull()
    })
  },
)
