import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { handleAuth, type LazyAuth } from "authjs-lazy"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { drivers, type PostgresDatabase, postgresDatabase, type TestDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { page } from "./pages.js"

const folder = freshFolder("docs-run")
writeBlocks(page("docs/getting-started.md"), join(folder, "getting-started"))
writeBlocks(page("docs/merging.md"), join(folder, "merging"))

/** What an example exports. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module
}

describe("the server without a framework in getting-started.md", () => {
  let database: PostgresDatabase
  const before = { ...process.env }

  beforeAll(async () => {
    database = await postgresDatabase()
    Object.assign(process.env, { DATABASE_URL: database.url, AUTH_SECRET: secret, AUTH_TRUST_HOST: "true" })
  })

  afterAll(async () => {
    const { db } = await load<{ db: { $client: { end: () => Promise<void> } } }>("getting-started/db.ts")
    await db.$client.end()
    for (const name of ["DATABASE_URL", "AUTH_SECRET", "AUTH_TRUST_HOST"])
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    await database?.close()
  })

  it("knows a visitor, who converts and stays the same user", async () => {
    const { serve } = await load<{ serve: (request: Request) => Promise<Response> }>("getting-started/serve.ts")
    const browser = new Browser("http://app.test", serve)
    const first = await (await browser.visit("/")).text()
    expect(first).toMatch(/^You are guest-/)
    expect(await (await browser.visit("/")).text()).toBe(first)
    const id = (await browser.session())?.user.id
    const form = { csrfToken: await browser.csrfToken(), username: "grace", password }
    expect((await browser.visit("/convert", { form })).status).toBe(303)
    expect(await (await browser.visit("/")).text()).toBe("You are grace.")
    expect((await browser.session())?.user.id).toBe(id)
  })
})

describe.each(drivers)("the cart in merging.md ($driver)", ({ open }) => {
  let database: TestDatabase
  let auth: LazyAuth

  beforeAll(async () => {
    database = await open()
    await database.query(
      `create table cart_item (user_id text not null references "user" (id) on delete cascade, article text not null, ` +
        `quantity integer not null, primary key (user_id, article))`,
    )
    const cart = await load<{ createAuthConfig: (db: TestDatabase["db"]) => LazyAuth }>("merging/cart.ts")
    const made = cart.createAuthConfig(database.db)
    auth = (request) => ({ ...made(request), secret, trustHost: true })
  })

  afterAll(() => database?.close())

  const put = (userId: unknown, article: string, quantity: number) =>
    database.query(`insert into cart_item values ('${userId}', '${article}', ${quantity})`)

  it("adds up what both carts have, and moves what only the lazy one has", async () => {
    const account = { username: "shopper", password }
    const visitor = () => new Browser("http://app.test", (request) => handleAuth(request, auth))
    const home = visitor()
    await home.signIn("convert", account)
    const into = (await home.session())?.user.id
    await put(into, "apples", 2)
    await put(into, "bread", 1)

    const phone = visitor()
    await phone.signIn("lazy")
    const from = (await phone.session())?.user.id
    await put(from, "apples", 3)
    await put(from, "pears", 4)
    await phone.signIn("password", account)

    expect((await phone.session())?.user).toMatchObject({ id: into, isLazy: false })
    expect(await database.query("select * from cart_item order by article")).toEqual([
      { user_id: into, article: "apples", quantity: 5 },
      { user_id: into, article: "bread", quantity: 1 },
      { user_id: into, article: "pears", quantity: 4 },
    ])
    expect(await database.query(`select id from "user"`)).toEqual([{ id: into }])
  })
})
