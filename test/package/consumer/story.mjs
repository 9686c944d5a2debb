import { strict as assert } from "node:assert"
import { fileURLToPath } from "node:url"
import { PGlite } from "@electric-sql/pglite"
import { handleAuth, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, hasUsablePassword, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/pglite"
import { migrate } from "drizzle-orm/pglite/migrator"

// The same app in plain JavaScript, with JWT sessions and without the gate: run by test/package/install.test.ts.

const client = new PGlite()
const db = drizzle(client)
const packageFolder = new URL("../", import.meta.resolve("authjs-lazy"))
await migrate(db, { migrationsFolder: fileURLToPath(new URL("drizzle", packageFolder)) })

const auth = withLazy({
  adapter: LazyAdapter(db),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
  session: { strategy: "jwt" },
  secret: "a secret that is long enough for anybody",
  trustHost: true,
})

const cookies = new Map()

async function request(path, form) {
  const response = await handleAuth(
    new Request(`http://app.test/auth/${path}`, {
      method: form ? "POST" : "GET",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      body: form && new URLSearchParams(form),
    }),
    auth,
  )
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)
    value ? cookies.set(name, value) : cookies.delete(name)
  }
  return response
}

async function post(path, form = {}) {
  const { csrfToken } = await (await request("csrf")).json()
  await request(path, { csrfToken, ...form })
  return (await request("session")).json()
}

const lazy = await post("callback/lazy")
assert.equal(lazy.user.isLazy, true)
assert.match(lazy.user.username, /^guest-/)

const password = "correct horse battery staple"
const real = await post("callback/convert", { username: "Grace", password })
assert.deepEqual([real.user.id, real.user.isLazy, real.user.username], [lazy.user.id, false, "grace"])

assert.equal(await post("signout"), null)
const back = await post("callback/password", { username: "grace", password })
assert.equal(back.user.id, lazy.user.id)

const { rows } = await client.query("select hash from password")
assert.equal(rows.length, 1)
assert.equal(hasUsablePassword(rows[0].hash), true)

await client.close()
console.log("the story holds")
