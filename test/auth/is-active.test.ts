import Credentials from "@auth/core/providers/credentials"
import { eq } from "drizzle-orm"
import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { beforeAll, expect, it } from "vitest"
import { LazyAdapter, lazyColumns, schema } from "../../src/drizzle.js"
import { gate, type LazyConfig, withLazy } from "../../src/index.js"
import { hashPassword } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { unique } from "../contract/fixtures.js"
import type { Browser } from "../setup/browser-jar.js"
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
  bannedAt: timestamp("bannedAt", { mode: "date", withTimezone: true }),
  ...lazyColumns(),
})

describeLinking("users whom isActive refuses", (app, strategy) => {
  beforeAll(async () => {
    await app.database.query(`alter table "user" add column "bannedAt" timestamptz`)
  })
  const isActive = ({ bannedAt }: typeof users.$inferSelect) => bannedAt === null
  const config = (changes: { isActive?: (user: typeof users.$inferSelect) => unknown } = { isActive }) => {
    const options = { ...schema, usersTable: users, isActive: changes.isActive as typeof isActive }
    return { adapter: LazyAdapter(app.database.db, options), lazy: { recheck: 0 } } satisfies Partial<LazyConfig>
  }
  const ban = (id: unknown) => app.database.query(`update "user" set "bannedAt" = now() where id = '${id}'`)
  const pardon = (id: unknown) => app.database.query(`update "user" set "bannedAt" = null where id = '${id}'`)
  const passwordHash = hashPassword(password)
  const account = async (row: { email?: string } = {}) => {
    const username = unique("ada")
    const store = internals(app.config.adapter.lazy)
    const { id } = await store.createRealUser({ username, ...row, passwordHash: await passwordHash })
    return { id, username }
  }
  const pageBehindGate = async (changes: Partial<LazyConfig>, browser: Browser) => {
    const headers = { cookie: `authjs.session-token=${await browser.sessionCookie()}`, "user-agent": "Firefox" }
    return gate(new Request("http://app.test/page", { headers }), withLazy({ ...app.config, ...changes }))
  }
  /** Signs in from a lazy session and without one, and expects that nothing changes. */
  const expectRefused = async (
    signIn: (browser: Browser) => Promise<Response>,
    answer: string,
    changes: Partial<LazyConfig> = config(),
  ) => {
    const lazy = await app.lazyBrowser(changes)
    const before = await app.count(`"user"`)
    for (const browser of [lazy.browser, app.browser(changes)]) {
      const { headers } = await signIn(browser)
      expect(headers.get("location")).toContain(answer)
    }
    expect(await app.count(`"user"`)).toBe(before)
    expect((await lazy.browser.session())?.user.id).toBe(lazy.id)
  }

  it("can't sign in by a password, and can again once they may", async () => {
    const { id, username } = await account()
    await ban(id)
    await expectRefused((browser) => browser.signIn("password", { username, password }), "code=wrong_credentials")
    await pardon(id)
    const { browser } = await app.lazyBrowser(config())
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
  })

  it("leave the way to an active user of the same address", async () => {
    await app.database.query(`alter table "user" drop constraint user_email_unique`)
    await app.database.query(`create unique index live_email on "user" (email) where "bannedAt" is null`)
    const email = `${unique("ada")}@example.com`
    const gone = await account({ email })
    await ban(gone.id)
    const live = await account({ email: undefined as never })
    await app.database.query(`update "user" set email = '${email}' where id = '${live.id}'`)
    for (const id of [gone.id, live.id]) {
      // Which row PostgreSQL finds first changes with every update.
      await app.database.query(`update "user" set image = 'touched' where id = '${id}'`)
      const browser = app.browser(config())
      await browser.signIn("password", { username: email, password })
      expect((await browser.session())?.user.id).toBe(live.id)
    }
    const { browser, id } = await app.lazyBrowser(config())
    await browser.visit(await app.askForLink(browser, email))
    expect((await browser.session())?.user).toMatchObject({ id: live.id, isLazy: false })
    expect(await app.user(id)).toBeUndefined()
  })

  it("can't sign in by an identity, nor by a new one with their address", async () => {
    const person = app.person()
    const { browser, id } = await app.lazyBrowser(config())
    await app.signInWith(browser, "one", person)
    await ban(id)
    await expectRefused((browser) => app.signInWith(browser, "one", person), "error=AccessDenied")
    await expectRefused((browser) => app.signInWith(browser, "two", person), "error=AccessDenied")
    expect(await browser.session()).toBeNull()
  })

  it("can't sign in by a link to their address", async () => {
    const email = `${unique("ada")}@example.com`
    const { id } = await account({ email })
    await ban(id)
    await expectRefused(async (browser) => browser.visit(await app.askForLink(browser, email)), "error=AccessDenied")
    expect(await app.user(id)).toMatchObject({ emailVerified: null })
  })

  it("can't sign in by a provider of the app", async () => {
    const { id, username } = await account()
    await ban(id)
    const own = Credentials({
      id: "own",
      credentials: { username: {} },
      authorize: async ({ username }) => {
        const [user] = await app.database.db
          .select()
          .from(users)
          .where(eq(users.username, username as string))
        return user ?? null
      },
    })
    const changes = { ...config(), ...app.withProvider(own) }
    await expectRefused((browser) => browser.signIn("own", { username }), "error=AccessDenied", changes)
  })

  it("have no session any more, real or lazy, nor a place behind a gate", async () => {
    const changes = config()
    const real = app.browser(changes)
    await real.signIn("convert", { username: unique("ada"), password })
    const lazy = await app.lazyBrowser(changes)
    const ids = [(await real.session())?.user.id, lazy.id]
    const behind = () => pageBehindGate(changes, real)
    expect((await behind()).session?.user.id).toBe(ids[0])
    for (const id of ids) await ban(id)
    expect(await real.session()).toBeNull()
    expect(await lazy.browser.session()).toBeNull()
    expect(await behind()).toMatchObject({ session: null, created: false })
  })

  it("are asked about in one of several apps alone, by the option of withLazy", async () => {
    const { id, username } = await account()
    await ban(id)
    const strict = { ...config({}), lazy: { recheck: 0, isActive } as NonNullable<LazyConfig["lazy"]> }
    expect(refusal(await app.browser(strict).signIn("password", { username, password }))).toBe("wrong_credentials")
    const other = app.browser(config({}))
    await other.signIn("password", { username, password })
    expect((await other.session())?.user.id).toBe(id)
  })

  it("are those whom the adapter or withLazy refuses, where both ask", async () => {
    const { id, username } = await account()
    await ban(id)
    for (const [inner, outer] of [
      [isActive, () => true],
      [() => true, isActive],
    ] as (typeof isActive)[][]) {
      const changes = { ...config({ isActive: inner }), lazy: { recheck: 300, isActive: outer as never } }
      const { browser, id: lazyId } = await app.lazyBrowser(changes)
      for (const each of [browser, app.browser(changes)])
        expect(refusal(await each.signIn("password", { username, password }))).toBe("wrong_credentials")
      expect((await browser.session())?.user.id).toBe(lazyId)
    }
  })

  it("are those of a promise, too, and of nothing but true", async () => {
    const { id, username } = await account()
    const later = config({ isActive: async (user) => isActive(user) })
    const browser = app.browser(later)
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
    await ban(id)
    expect(await browser.session()).toBeNull()
    await pardon(id)
    for (const odd of [1, "yes", undefined, null, {}]) {
      app.logged.length = 0
      const browser = app.browser(config({ isActive: () => odd }))
      const answer = await browser.signIn("password", { username, password })
      expect(answer.headers.get("location")).toContain("error=Configuration")
      expect(
        app.logged.map(({ message, cause }) => `${message} ${(cause as { err?: Error })?.err?.message}`).join(),
      ).toContain("isActive must return true or false")
      expect(await browser.sessionCookie()).toBeUndefined()
    }
  })

  it("keep their session, and change nothing, while isActive throws", async () => {
    const { username } = await account()
    let away = false
    const changes = config({
      isActive: async (user) => {
        if (away) throw new Error("The list of banned users is away.")
        return isActive(user)
      },
    })
    const lazy = await app.lazyBrowser(changes)
    const real = app.browser(changes)
    await real.signIn("password", { username, password })
    const { id } = (await real.session())?.user ?? {}
    away = true
    const before = await app.count(`"user"`)
    const answer = await lazy.browser.signIn("password", { username, password })
    expect(answer.headers.get("location")).toContain("error=Configuration")
    const behind = pageBehindGate(changes, real)
    if (strategy === "database") await expect(behind).rejects.toThrow("The session can't be read")
    else expect((await behind).session?.user.id).toBe(id)
    expect(await app.count(`"user"`)).toBe(before)
    away = false
    expect((await real.session())?.user.id).toBe(id)
    expect((await lazy.browser.session())?.user.id).toBe(lazy.id)
  })

  it("are given no second session as the lazy user of the last seconds", async () => {
    const store = internals(app.config.adapter.lazy)
    const { user } = await store.createLazyUser()
    const accepts = (row: object) => isActive(row as typeof users.$inferSelect)
    const own = internals(config().adapter.lazy)
    expect((await own.ensureUser({ ids: [user.id], accepts })).created).toBe(false)
    await ban(user.id)
    for (const ids of [[user.id], [crypto.randomUUID(), user.id]] as [string, ...string[]][]) {
      const again = await own.ensureUser({ ids, accepts })
      expect(again.created).toBe(true)
      expect(again.user.id).not.toBe(user.id)
    }
  })
})
