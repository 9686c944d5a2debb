import { randomBytes } from "node:crypto"
import { sql } from "drizzle-orm"
import { boolean, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter, lazyColumns, lazyIndex, schema } from "../../src/drizzle.js"
import { LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, hashPassword, PasswordProvider } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { createTables } from "../contract/create-tables.js"
import { emptyPostgres } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { LinkingApp } from "../setup/linking-app.js"
import { Mailbox } from "../setup/mailbox.js"
import { OpenIdProvider } from "../setup/openid-provider.js"

const passwordColumns = {
  hash: text("hash").notNull(),
  updatedAt: timestamp("updatedAt", { withTimezone: true }).notNull().defaultNow(),
}

describe("two tables with uuid ids, JWT sessions and credentials", () => {
  const users = pgTable(
    "users",
    { id: uuid("id").primaryKey().defaultRandom(), email: text("email").unique(), ...lazyColumns() },
    (user) => [lazyIndex(user, "users_lazy_idx")],
  )
  const userId = () =>
    uuid("userId")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" })
  const passwords = pgTable("passwords", { userId: userId().primaryKey(), ...passwordColumns })
  // What this app keeps under the names of default tables that it does not use.
  const trainings = pgTable("session", { id: uuid("id").primaryKey().defaultRandom(), userId: userId() })
  const ledger = pgTable("account", { id: uuid("id").primaryKey().defaultRandom(), userId: userId() })
  const options = { usersTable: users, passwordsTable: passwords }
  const app = new FlowApp("jwt")
  const adapter = () => LazyAdapter(app.database.db, options)
  const lazyBrowser = async () => {
    const made = await app.lazyBrowser({ adapter: adapter() })
    await app.database.own.insert(trainings).values({ userId: made.id })
    await app.database.own.insert(ledger).values({ userId: made.id })
    return made
  }
  const rowsOf = async (id: string) => [
    await app.count(`session where "userId" = '${id}'`),
    await app.count(`account where "userId" = '${id}'`),
  ]

  beforeAll(async () => {
    app.database = await emptyPostgres()
    await createTables(app.database.db, { users, passwords, trainings, ledger })
  })
  afterAll(() => app.database.close())

  it("are enough to convert, merge, sign in and purge, and what else has such a name is the app's own", async () => {
    const { browser, id } = await lazyBrowser()
    await browser.signIn("convert", { username: "ada", password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: "ada" })
    expect(await rowsOf(id)).toEqual([1, 1])

    const second = await lazyBrowser()
    await second.browser.signIn("password", { username: "ada", password })
    expect((await second.browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await rowsOf(id)).toEqual([2, 2])
    expect(await app.count(`users where id = '${second.id}'`)).toBe(0)

    const third = await lazyBrowser()
    await app.database.query(`update users set "seenAt" = now() - interval '1 year' where id = '${third.id}'`)
    expect(await adapter().lazy.purge({ sessionMaxAge: 60 })).toMatchObject({ purged: 1, skipped: {} })
    expect(app.logged).toEqual([])
  })

  it("give whole rows, with null for each column that is missing", async () => {
    const { user } = await adapter().lazy.createLazyUser()
    expect(user).toMatchObject({ name: null, image: null, emailVerified: null })
    expect(await adapter().getUser(user.id)).toEqual(user)
    const email = "grace@example.com"
    const made = await adapter().createUser({ id: crypto.randomUUID(), name: "Grace", email, emailVerified: null })
    expect(made).toMatchObject({ email, name: null, image: null, emailVerified: null })
    expect(await adapter().getUserByEmail(email)).toEqual(made)
    expect(await adapter().updateUser({ id: made.id, name: "Ada" })).toEqual(made)
  })

  it("never count an address as proven, and refuse to be told so", async () => {
    const noRoom = { code: "setup", message: expect.stringContaining("has no column `emailVerified`") }
    const { user } = await adapter().lazy.createLazyUser()
    const lazy = internals(adapter().lazy)
    const by = { provider: "nodemailer", type: "email" }
    const set = { email: "eve@example.com", emailVerified: new Date() }
    await expect(lazy.convert({ userId: user.id, set, by })).rejects.toMatchObject(noRoom)
    await expect(adapter().updateUser({ id: user.id, emailVerified: new Date() })).rejects.toMatchObject(noRoom)
    const unstored = { id: crypto.randomUUID(), email: "eve@example.com", emailVerified: new Date() }
    await expect(adapter().createUser(unstored)).rejects.toMatchObject(noRoom)
    expect(await adapter().getUser(user.id)).toEqual(user)
    // An identity of OAuth that is linked by address proves it for this one time.
    const real = await adapter().createUser({ ...unstored, emailVerified: null })
    await lazy.setPassword(real.id, "$argon2id$not-a-hash")
    expect(await lazy.proveEmail(real.id)).toEqual({ user: real, passwordRemoved: true })
    expect(await lazy.proveEmail(real.id)).toEqual({ user: real, passwordRemoved: false })
  })

  it("satisfy the doctor, who asks for no other table unless the configuration uses it", async () => {
    const { db } = app.database
    const config = { ...app.config, adapter: adapter(), secret: randomBytes(32).toString("base64") }
    const missing = async (auth?: ReturnType<typeof withLazy>) =>
      (await doctor({ db, tables: options, ...(auth && { auth }) })).findings
        .filter(({ severity }) => severity === "error")
        .map(({ code, where }) => `${code} ${where}`)
    expect(await missing()).toEqual([])
    expect(await missing(withLazy(config))).toEqual([])
    const oauth = { id: "one", name: "one", type: "oidc" as const, issuer: "https://one.example" }
    const withOAuth = withLazy({
      ...config,
      session: { strategy: "database" },
      providers: [...config.providers, oauth],
    })
    expect(await missing(withOAuth)).toEqual(["missing_table account", "missing_table session"])
    const { findings } = await doctor({ db, tables: options, auth: withOAuth })
    expect(findings.find(({ where }) => where === "session")?.fix).toContain(
      '"userId" uuid not null, "expires" timestamp not null, foreign key ("userId") references "users" ("id") on delete cascade',
    )
  })
})

describe("a boolean emailVerified", () => {
  const users = pgTable("user", {
    id: text("id").primaryKey(),
    email: text("email").unique(),
    emailVerified: boolean("emailVerified").notNull(),
    oldHash: text("oldHash"),
    ...lazyColumns(),
  })
  const { usersTable: _, ...others } = schema
  const app = new LinkingApp("jwt")
  const options = { ...others, usersTable: users }
  const changes = () => ({ adapter: LazyAdapter(app.database.db, options) })
  const verified = async (id: unknown) => (await app.user(id as string))?.emailVerified

  beforeAll(async () => {
    const open = async () => {
      const database = await emptyPostgres()
      await createTables(database.db, options)
      return database
    }
    ;[app.database, app.openId, app.mailbox] = await Promise.all([open(), OpenIdProvider.shared(), Mailbox.start()])
  })
  afterAll(() => Promise.all([app.database.close(), app.mailbox.close()]))

  it("is false until an opened link makes it true, and Auth.js sees a moment or null", async () => {
    const { browser, id } = await app.lazyBrowser(changes())
    expect(await verified(id)).toBe(false)
    const email = app.person().email as string
    await browser.visit(await app.askForLink(browser, email))
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email })
    expect(await verified(id)).toBe(true)
    const { adapter } = changes()
    expect((await adapter.getUser(id))?.emailVerified).toEqual(new Date(0))
    const user = await adapter.updateUser({ id, emailVerified: null })
    expect(user.emailVerified).toBeNull()
    expect(await verified(id)).toBe(false)
    expect(await adapter.updateUser({ id, emailVerified: new Date() })).toEqual({ ...user, emailVerified: new Date(0) })
  })

  it("protects an address until its first proof, which ends what others registered under it", async () => {
    const email = app.person().email as string
    const attacker = app.browser({ ...changes(), ...byAddress() })
    await attacker.signIn("convert", { email, password })
    const id = (await attacker.session())?.user.id
    expect(await verified(id)).toBe(false)
    const victim = app.browser(changes())
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user.id).toBe(id)
    expect(await verified(id)).toBe(true)
    expect(await app.count(`password where "userId" = '${id}'`)).toBe(0)
    // A second proof ends nothing.
    await changes().adapter.lazy.setPassword(id as string, "$argon2id$not-a-hash")
    await victim.visit(await app.askForLink(victim, email))
    expect(await app.count(`password where "userId" = '${id}'`)).toBe(1)
  })

  it("is written false for an address of OAuth, and lost by nothing that a merge does", async () => {
    const person = app.person()
    const { browser, id } = await app.lazyBrowser(changes())
    await app.signInWith(browser, "one", person)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email: person.email })
    expect(await verified(id)).toBe(false)
    await app.database.db.execute(sql`update "user" set "emailVerified" = true where id = ${id}`)
    const second = await app.lazyBrowser(changes())
    await app.signInWith(second.browser, "one", person)
    expect((await second.browser.session())?.user.id).toBe(id)
    expect(await verified(id)).toBe(true)
    expect(await app.count(`"user" where id = '${second.id}'`)).toBe(0)
    const { findings } = await doctor({ db: app.database.db, tables: options })
    expect(findings.filter(({ where }) => where?.includes("emailVerified"))).toEqual([])
  })

  it("is the boolean of the app in its isActive", async () => {
    const { adapter } = changes()
    const seen: unknown[] = []
    const isActive = (user: typeof users.$inferSelect) => seen.push(user.emailVerified) > 0 && user.emailVerified
    const strict = { adapter: LazyAdapter(app.database.db, { ...options, isActive }) }
    const email = app.person().email as string
    const { id } = await adapter.createUser({ id: crypto.randomUUID(), email, emailVerified: null })
    await adapter.lazy.setPassword(id, await hashPassword(password))
    const signedIn = async () => {
      const browser = app.browser(strict)
      await browser.signIn("password", { username: email, password })
      return (await browser.session())?.user.id
    }
    expect(await signedIn()).toBeUndefined()
    await adapter.updateUser({ id, emailVerified: new Date() })
    await adapter.lazy.setPassword(id, await hashPassword(password))
    expect(await signedIn()).toBe(id)
    expect(new Set(seen)).toEqual(new Set([false, true]))
  })

  it("is written by an adapter that reads older hashes beside it", async () => {
    const adapter = LazyAdapter(app.database.db, { ...options, legacyHash: users.oldHash })
    const made = await adapter.createUser({
      id: crypto.randomUUID(),
      email: app.person().email as string,
      emailVerified: null,
    })
    expect(await verified(made.id)).toBe(false)
    const { user: lazy } = await adapter.lazy.createLazyUser()
    const set = { email: app.person().email as string, emailVerified: null }
    const { user } = await internals(adapter.lazy).convert({
      userId: lazy.id,
      set,
      by: { provider: "one", type: "oidc" },
    })
    expect([user.emailVerified, await verified(lazy.id)]).toEqual([null, false])
    expect((await internals(adapter.lazy).proveEmail(lazy.id))?.user.emailVerified).toEqual(new Date(0))
    expect(await verified(lazy.id)).toBe(true)
  })

  /** Providers with which a visitor signs up under an address. */
  const byAddress = () => ({
    providers: [LazyProvider(), PasswordProvider(), ConvertProvider({ identifier: "email" }), app.email()],
  })
})
