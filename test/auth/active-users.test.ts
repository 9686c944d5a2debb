import { isNull } from "drizzle-orm"
import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { beforeAll, expect, it } from "vitest"
import { LazyAdapter, lazyColumns, schema } from "../../src/drizzle.js"
import { hashPassword, PasswordProvider } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { HASH, unique } from "../contract/fixtures.js"
import { password, refusal } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

const users = pgTable("user", {
  id: text("id")
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID()),
  name: text("name"),
  email: text("email"),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
  deletedAt: timestamp("deletedAt", { mode: "date", withTimezone: true }),
  ...lazyColumns(),
})

describeLinking("users who are gone but for their rows", (app) => {
  beforeAll(async () => {
    await app.database.query(`alter table "user" add column "deletedAt" timestamptz`)
    for (const column of ["email", "username"])
      for (const statement of [
        `alter table "user" drop constraint user_${column}_unique`,
        `create unique index live_${column} on "user" (${column}) where "deletedAt" is null`,
      ])
        await app.database.query(statement)
  })
  const adapter = () =>
    LazyAdapter(app.database.db, { ...schema, usersTable: users, activeUsers: (users) => isNull(users.deletedAt) })
  const config = () => ({ adapter: adapter() })
  const remove = (id: unknown) =>
    app.database.query(`update "user" set "deletedAt" = now(), name = 'gone' where id = '${id}'`)
  const passwordHash = hashPassword(password)

  it("don't stand in the way of who has their name or address now", async () => {
    const lazy = internals(adapter().lazy)
    for (const identifier of ["username", "email"] as const) {
      const value = identifier === "email" ? `${unique("ada")}@example.com` : unique("ada")
      const gone = await lazy.createRealUser({ [identifier]: value, passwordHash: await hashPassword("another one!") })
      await remove(gone.id)
      const live = await lazy.createRealUser({ [identifier]: value, passwordHash: await passwordHash })
      for (const id of [gone.id, live.id]) {
        // Which row PostgreSQL finds first changes with every update.
        await app.database.query(`update "user" set image = 'touched' where id = '${id}'`)
        const browser = app.browser(config())
        await browser.signIn("password", { username: value, password })
        expect((await browser.session())?.user.id).toBe(live.id)
        expect(
          refusal(await app.browser(config()).signIn("password", { username: value, password: "another one!" })),
        ).toBe("wrong_credentials")
      }
    }
  })

  it("don't keep the one who is there from signing in, where the app does not say who counts", async () => {
    const email = `${unique("ada")}@example.com`
    const lazy = internals(adapter().lazy)
    const gone = await lazy.createRealUser({ email, passwordHash: await hashPassword("another one!") })
    await remove(gone.id)
    const live = await lazy.createRealUser({ email, passwordHash: await passwordHash })
    for (const id of [gone.id, live.id]) {
      await app.database.query(`update "user" set image = 'touched' where id = '${id}'`)
      const browser = app.browser({ adapter: LazyAdapter(app.database.db, { ...schema, usersTable: users }) })
      await browser.signIn("password", { username: email, password })
      expect((await browser.session())?.user.id).toBe(live.id)
    }
  })

  it("leave their name to a lazy user who takes it", async () => {
    const name = unique("ada")
    const gone = await internals(adapter().lazy).createRealUser({ username: name, passwordHash: HASH })
    const { browser, id } = await app.lazyBrowser(config())
    expect(refusal(await browser.signIn("convert", { username: name, password }))).toBe("username_taken")
    await remove(gone.id)
    await browser.signIn("convert", { username: name, password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: name })
  })

  it("can't sign in by a password", async () => {
    const name = unique("ada")
    const { id } = await internals(adapter().lazy).createRealUser({ username: name, passwordHash: await passwordHash })
    await remove(id)
    const form = { username: name, password }
    const limiters = PasswordProvider()
    const browser = app.browser({ ...config(), ...app.withProvider(limiters) })
    expect(refusal(await browser.signIn("password", form))).toBe("wrong_credentials")
  })

  it("can't sign in by an identity, from a lazy session or without one, and make no second user", async () => {
    const person = app.person()
    const { browser, id } = await app.lazyBrowser(config())
    await app.signInWith(browser, "one", person)
    await remove(id)
    const lazy = await app.lazyBrowser(config())
    const before = await app.count(`"user"`)
    for (const visitor of [lazy.browser, app.browser(config())]) {
      const answer = await app.signInWith(visitor, "one", person)
      expect(answer.headers.get("location")).toContain("error=AccessDenied")
    }
    expect(await app.count(`"user"`)).toBe(before)
    expect((await lazy.browser.session())?.user.id).toBe(lazy.id)
  })

  it("are not found by a link to their address", async () => {
    const email = `${unique("ada")}@example.com`
    const gone = await internals(adapter().lazy).createRealUser({ email, passwordHash: HASH })
    await remove(gone.id)
    const { browser, id } = await app.lazyBrowser(config())
    await browser.visit(await app.askForLink(browser, email))
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email })
    expect(await app.user(gone.id)).toMatchObject({ emailVerified: null })
  })

  it("have no session any more", async () => {
    const real = app.browser({ ...config(), lazy: { recheck: 0 } })
    await real.signIn("convert", { username: unique("ada"), password })
    const lazy = await app.lazyBrowser({ ...config(), lazy: { recheck: 0 } })
    const id = (await real.session())?.user.id
    await remove(id)
    await remove(lazy.id)
    expect(await real.session()).toBeNull()
    expect(await lazy.browser.session()).toBeNull()
    const store = internals(adapter().lazy)
    await expect(
      store.convert({ userId: lazy.id, set: {}, by: { provider: "convert", type: "credentials" } }),
    ).rejects.toMatchObject({ code: "not_lazy" })
  })

  it("are nobody's twin", async () => {
    const lazy = internals(adapter().lazy)
    const { user } = await lazy.createLazyUser()
    await remove(user.id)
    const again = await lazy.ensureUser({ ids: [user.id] })
    expect(again.created).toBe(true)
    expect(again.user.id).not.toBe(user.id)
    const later = await lazy.ensureUser({ ids: [crypto.randomUUID(), user.id] })
    expect(later.created).toBe(true)
  })
})
