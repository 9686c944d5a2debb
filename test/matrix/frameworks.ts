import { strict as assert } from "node:assert"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { PGlite } from "@electric-sql/pglite"
import { authHandler, initAuthConfig } from "@hono/auth-js"
import type { Handle } from "@sveltejs/kit"
import { LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter, migrate } from "authjs-lazy/drizzle"
import { allowLazy, expressAuth, requireReal } from "authjs-lazy/express"
import * as lazyHono from "authjs-lazy/hono"
import { PasswordProvider } from "authjs-lazy/password"
import * as lazySvelteKit from "authjs-lazy/sveltekit"
import { drizzle } from "drizzle-orm/pglite"
import express from "express"
import { Hono } from "hono"

// Express and Hono with the versions of a row: run by test/matrix/matrix.test.ts.

const client = new PGlite()
const db = drizzle(client)
await migrate(db)
const authConfig = withLazy({
  adapter: LazyAdapter(db),
  providers: [LazyProvider(), PasswordProvider()],
  secret: "a secret that is long enough for anybody",
  trustHost: true,
})

const chrome = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36" }
const cookieOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ")

const app = express()
app.use("/auth", expressAuth(authConfig))
app.get("/", allowLazy(authConfig), (_req, res) => void res.json(res.locals.session))
app.get("/settings", requireReal(authConfig), (_req, res) => void res.json(res.locals.session.user.id))
const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const opened = await fetch(origin, { headers: chrome })
const { user } = (await opened.json()) as { user: { id: string; isLazy: boolean } }
assert.equal(user.isLazy, true)
const again = await fetch(`${origin}/auth/session`, { headers: { ...chrome, cookie: cookieOf(opened) } })
assert.equal(((await again.json()) as { user: { id: string } }).user.id, user.id)
assert.equal((await fetch(`${origin}/settings`, { headers: { ...chrome, cookie: cookieOf(opened) } })).status, 403)
server.close()

const hono = new Hono()
hono.use("*", initAuthConfig(authConfig))
hono.use("/auth/*", authHandler())
hono.get("/", lazyHono.allowLazy(authConfig), (c) => c.json(c.get("session")))
const page = await hono.request("http://app.test/", { headers: chrome })
const found = (await page.json()) as { user: { id: string; isLazy: boolean } }
assert.equal(found.user.isLazy, true)
const told = await hono.request("http://app.test/auth/session", { headers: { ...chrome, cookie: cookieOf(page) } })
assert.equal(((await told.json()) as { user: { id: string } }).user.id, found.user.id)

export const handle: Handle = lazySvelteKit.requireReal(authConfig)

await client.close()
console.log("the frameworks hold")
