import { strict as assert } from "node:assert"
import { fileURLToPath } from "node:url"
import type { AuthConfig } from "@auth/core"
import { PGlite } from "@electric-sql/pglite"
import { type GateSession, gate, handleAuth, isLazy, type LazyConfig, LazyProvider, withLazy } from "authjs-lazy"
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

const adapter = LazyAdapter(db)
const config: LazyConfig = {
  adapter,
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
  secret: "a secret that is long enough for anybody",
  trustHost: true,
  events: { convertUser: ({ user }) => void converted.push(user.id) },
}
const auth = withLazy(config)
const converted: string[] = []
const built: AuthConfig = auth(new Request("http://app.test/"))
assert.equal(built.providers.length, 3)

/** Where the last form led to. */
let refused = ""
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

async function signIn(path: string, form: Record<string, string> = {}): Promise<GateSession | null> {
  const { csrfToken } = (await (await request("csrf")).json()) as { csrfToken: string }
  refused = (await request(path, { csrfToken, ...form })).headers.get("location") ?? ""
  return (await (await request("session")).json()) as GateSession | null
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

// On another device: a new lazy user, whose note moves to Ada when she signs in.
await client.exec(`create table note ("userId" text not null references "user" (id), text text not null)`)
cookies.clear()
const elsewhere = await gate(new Request("http://app.test/notes"), auth)
assert.ok(elsewhere.open && elsewhere.session && elsewhere.created)
remember(elsewhere.headers)
await client.query(`insert into note values ($1, 'on the train')`, [elsewhere.session.user.id])
assert.equal((await signIn("callback/password", { username: "ada", password: "not hers" }))?.user.isLazy, true)
assert.match(refused, /error=CredentialsSignin&code=wrong_credentials/)
assert.equal((await signIn("callback/password", { username: "ada", password }))?.user.id, id)
assert.deepEqual((await client.query(`select "userId", text from note`)).rows, [{ userId: id, text: "on the train" }])

// Nobody comes back to this one.
assert.ok((await gate(new Request("http://app.test/notes"), auth)).open)
assert.equal((await adapter.lazy.stats()).lazyUsers, 1)
assert.equal((await adapter.lazy.purge({ olderThan: 0, force: true })).purged, 0)
await client.exec(`delete from session; update "user" set "seenAt" = now() - interval '1 year' where id <> '${id}'`)
assert.equal((await adapter.lazy.purge({ olderThan: 0, force: true })).purged, 1)
assert.deepEqual(
  (await db.select().from(schema.usersTable)).map((user) => user.id),
  [id],
)

await client.close()
console.log("the story holds")
