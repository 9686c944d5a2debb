import { strict as assert } from "node:assert"
import { fileURLToPath } from "node:url"
import type { AuthConfig } from "@auth/core"
import type { Session } from "@auth/core/types"
import { PGlite } from "@electric-sql/pglite"
import { gate, handleAuth, isLazy, type LazyConfig, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter, schema } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/pglite"
import { migrate } from "drizzle-orm/pglite/migrator"

// An app that installed the package from the registry, in strict TypeScript.
// test/package/install.test.ts compiles and runs it.

const client = new PGlite()
const db = drizzle(client, { schema })
const packageFolder = new URL("../", import.meta.resolve("authjs-lazy"))
await migrate(db, { migrationsFolder: fileURLToPath(new URL("drizzle", packageFolder)) })

const config: LazyConfig = {
  adapter: LazyAdapter(db),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
  secret: "a secret that is long enough for anybody",
  trustHost: true,
  events: { convertUser: ({ user }) => void converted.push(user.id) },
}
const auth = withLazy(config)
const converted: string[] = []
const built: AuthConfig = auth(new Request("http://app.test/"))
assert.equal(built.providers.length, 3)

const cookies = new Map<string, string>()
const password = "correct horse battery staple"

function remember(headers: Headers): void {
  for (const cookie of headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (name) value ? cookies.set(name, value) : cookies.delete(name)
  }
}

async function request(path: string, form?: Record<string, string>): Promise<Response> {
  const response = await handleAuth(
    new Request(`http://app.test/auth/${path}`, {
      method: form ? "POST" : "GET",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      body: form && new URLSearchParams(form),
    }),
    auth,
  )
  remember(response.headers)
  return response
}

async function signIn(path: string, form: Record<string, string> = {}): Promise<Session | null> {
  const { csrfToken } = (await (await request("csrf")).json()) as { csrfToken: string }
  await request(path, { csrfToken, ...form })
  return (await (await request("session")).json()) as Session | null
}

const opened = await gate(new Request("http://app.test/notes"), auth)
assert.ok(opened.open && opened.session)
remember(opened.headers)
const lazy: boolean = opened.session.user.isLazy
assert.equal(lazy, true)
// @ts-expect-error: were `isLazy` untyped, this would compile
opened.session.user.isLazy satisfies string
assert.equal(isLazy(opened.session), true)
const id: string = opened.session.user.id

const real = await signIn("callback/convert", { username: "Ada", password })
assert.ok(real)
const name: string | null = real.user.username
// @ts-expect-error: a real user may have no name
real.user.username satisfies string
assert.deepEqual([real.user.id, real.user.isLazy, name], [id, false, "ada"])
assert.deepEqual(converted, [id])

assert.equal(await signIn("signout"), null)
const back = await signIn("callback/password", { username: "ada", password })
assert.equal(back?.user.id, id)
assert.equal((await db.select().from(schema.usersTable)).length, 1)

await client.close()
console.log("the story holds")
