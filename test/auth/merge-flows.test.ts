import { sql } from "drizzle-orm"
import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking, type LinkingApp } from "../setup/linking-app.js"

const NOTES = `
  create table if not exists note (id int generated always as identity primary key, "userId" text not null references "user"(id) on delete cascade, body text);
  create table if not exists preference ("userId" text not null references "user"(id), key text not null, value int, primary key ("userId", key))`

/** Every way to sign in to an existing account. */
const ways = ["password", "oauth", "email", "address"] as const
type Way = (typeof ways)[number]

class Story {
  constructor(private readonly app: LinkingApp) {}

  async prepare(): Promise<void> {
    for (const statement of NOTES.split(";")) await this.app.database.query(statement)
  }

  /** A real user with one note, and the function that signs a browser in as that user. */
  async owner(way: Way): Promise<{ id: string; signIn: (browser: Browser) => Promise<Response> }> {
    const { app } = this
    const browser = app.browser()
    const person = app.person()
    const email = person.email as string
    if (way === "password") await browser.signIn("convert", { username: person.sub, password })
    if (way === "oauth") await app.signInWith(browser, "one", person)
    if (way === "email" || way === "address") await browser.visit(await app.askForLink(browser, email))
    const id = (await browser.session())?.user.id as string
    await this.note(id, `of the real user ${id}`)
    return {
      id,
      signIn: async (lazy) => {
        if (way === "password") return lazy.signIn("password", { username: person.sub, password })
        if (way === "oauth" || way === "address") return app.signInWith(lazy, "one", person)
        return lazy.visit(await app.askForLink(lazy, email))
      },
    }
  }

  /** The app with what the way needs of it. */
  changes(way: Way): Partial<LazyConfig> {
    return way === "address"
      ? this.app.withProvider(this.app.oidc("one", { allowDangerousEmailAccountLinking: true }))
      : {}
  }

  async note(userId: string, body: string): Promise<void> {
    await this.app.database.query(`insert into note ("userId", body) values ('${userId}', '${body}')`)
  }

  async notes(userId: string): Promise<number> {
    return this.app.count(`note where "userId" = '${userId}'`)
  }
}

describeLinking("signing in from a lazy session to an account that exists", (app, strategy) => {
  const story = new Story(app)

  it.for(ways)("moves everything and signs the real user in (%s)", async (way) => {
    await story.prepare()
    const owner = await story.owner(way)
    const events: unknown[] = []
    const { browser, id } = await app.lazyBrowser({
      ...story.changes(way),
      events: {
        mergeUser: ({ from, into, moved }) => void events.push(["mergeUser", from.id, into.id, moved]),
        convertUser: () => void events.push("convertUser"),
        signIn: ({ user }) => void events.push(["signIn", user.id]),
      },
    })
    events.length = 0
    const thief = await browser.copy()
    await story.note(id, "of the lazy user")
    const answer = await owner.signIn(browser)
    expect(answer.headers.get("location")).toBe("http://app.test")
    expect((await browser.session())?.user).toMatchObject({ id: owner.id, isLazy: false })
    expect(await story.notes(owner.id)).toBe(2)
    expect(await app.user(id)).toBeUndefined()
    expect(events).toEqual([
      ["mergeUser", id, owner.id, { note: 1 }],
      ["signIn", owner.id],
    ])
    if (strategy === "database") {
      expect(await thief.session()).toBeNull()
      expect(await app.count(`session where "userId" = '${id}'`)).toBe(0)
    }
    if (way === "address") expect(await app.count(`account where "userId" = '${owner.id}'`)).toBe(1)
  })

  it.for(ways)(
    "leaves the lazy user to the purge when merging is turned off, and signs the real user in (%s)",
    async (way) => {
      await story.prepare()
      const owner = await story.owner(way)
      const asked: unknown[] = []
      const merges = [
        "never" as const,
        ({ from, into, account }: { from: { id: string }; into: { id: string }; account: { type: string } }) => {
          asked.push([from.id, into.id, account.type])
          return false
        },
      ]
      for (const merge of merges) {
        const { browser, id } = await app.lazyBrowser({ ...story.changes(way), lazy: { merge } })
        await story.note(id, "of the lazy user")
        await owner.signIn(browser)
        expect((await browser.session())?.user).toMatchObject({ id: owner.id, isLazy: false })
        expect(await story.notes(id)).toBe(1)
        expect(await app.user(id)).toMatchObject({ convertedAt: null })
        expect(await app.count(`session where "userId" = '${id}'`)).toBe(0)
        if (typeof merge === "function") expect(asked).toEqual([[id, owner.id, expect.any(String)]])
      }
    },
  )

  it.for(ways)("changes nothing when onMerge throws, or the app's signIn refuses (%s)", async (way) => {
    await story.prepare()
    const owner = await story.owner(way)
    const onMerge = () => {
      throw new Error("no")
    }
    const signIn = ({ account, email }: { account?: { provider: string } | null; email?: object }) =>
      account?.provider === "lazy" || email !== undefined
    for (const changes of [{ lazy: { onMerge } }, { callbacks: { signIn } }]) {
      const { browser, id } = await app.lazyBrowser({ ...story.changes(way), ...changes })
      await story.note(id, "of the lazy user")
      const before = [
        await app.user(id),
        await app.user(owner.id),
        await app.count("session"),
        await app.count("account"),
      ]
      await owner.signIn(browser)
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      expect([
        await app.user(id),
        await app.user(owner.id),
        await app.count("session"),
        await app.count("account"),
      ]).toEqual(before)
      expect([await story.notes(id), await story.notes(owner.id)]).toEqual([1, 1])
    }
  })

  it("hands what a unique rule stops to onMerge, which can add it up, in the same transaction", async () => {
    await story.prepare()
    const owner = await story.owner("password")
    const { browser, id } = await app.lazyBrowser({
      lazy: {
        onMerge: async ({ tx, into, conflicts }) => {
          for (const { row } of conflicts.preference ?? [])
            await tx.execute(
              sql`update preference set value = value + ${row.value} where "userId" = ${into.id} and key = ${row.key}`,
            )
        },
      },
    })
    await app.database.query(
      `insert into preference values ('${owner.id}', 'apples', 2), ('${id}', 'apples', 3), ('${id}', 'pears', 1)`,
    )
    await owner.signIn(browser)
    expect(
      await app.database.query(
        `select "userId", key, value from preference where "userId" in ('${owner.id}', '${id}') order by key`,
      ),
    ).toEqual([
      { userId: owner.id, key: "apples", value: 5 },
      { userId: owner.id, key: "pears", value: 1 },
    ])
  })

  it("signs both of two tabs in that finish at the same moment, and moves the rows once", async () => {
    await story.prepare()
    const owner = await story.owner("oauth")
    const { browser, id } = await app.lazyBrowser()
    await story.note(id, "of the lazy user")
    const tabs = [browser, await browser.copy(), await browser.copy()]
    const answers = await Promise.all(tabs.map((tab) => owner.signIn(tab)))
    for (const answer of answers) expect(answer.headers.get("location")).toBe("http://app.test")
    for (const tab of tabs) expect((await tab.session())?.user.id).toBe(owner.id)
    expect(await story.notes(owner.id)).toBe(2)
  })

  it("merges once: signing in again changes nothing", async () => {
    await story.prepare()
    const owner = await story.owner("password")
    const events: string[] = []
    const { browser, id } = await app.lazyBrowser({ events: { mergeUser: () => void events.push("mergeUser") } })
    await story.note(id, "of the lazy user")
    await owner.signIn(browser)
    await owner.signIn(browser)
    expect(events).toEqual(["mergeUser"])
    expect(await story.notes(owner.id)).toBe(2)
  })

  it("never merges one real user into another", async () => {
    await story.prepare()
    const one = await story.owner("password")
    const two = await story.owner("password")
    const browser = app.browser()
    await one.signIn(browser)
    await two.signIn(browser)
    expect((await browser.session())?.user.id).toBe(two.id)
    expect([await story.notes(one.id), await story.notes(two.id)]).toEqual([1, 1])
  })

  it("never merges into a lazy user, whoever it is that an account row names", async () => {
    await story.prepare()
    const person = app.person()
    const other = await app.lazyBrowser()
    await app.config.adapter.linkAccount({
      userId: other.id,
      type: "oidc",
      provider: "one",
      providerAccountId: person.sub,
    })
    const { browser, id } = await app.lazyBrowser()
    await story.note(id, "of the lazy user")
    const answer = await app.signInWith(browser, "one", person)
    expect(answer.headers.get("location")).toContain("error=OAuthAccountNotLinked")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect(await story.notes(id)).toBe(1)
    await app.database.query(`delete from account where "userId" = '${other.id}'`)
  })

  it("takes nothing from a lazy user whose browser was led to sign in by somebody else's e-mail link (login CSRF)", async () => {
    await story.prepare()
    const attacker = app.browser()
    const email = app.person().email as string
    await attacker.visit(await app.askForLink(attacker, email))
    const victim = await app.lazyBrowser()
    await story.note(victim.id, "private")
    await victim.browser.visit(await app.askForLink(attacker, email))
    expect(await story.notes(victim.id)).toBe(1)
    expect(await app.user(victim.id)).toMatchObject({ convertedAt: null })
  })

  it("takes nothing through a password form without the victim's CSRF token (login CSRF)", async () => {
    await story.prepare()
    const attacker = app.person().sub
    await app.browser().signIn("convert", { username: attacker, password })
    const victim = await app.lazyBrowser()
    await story.note(victim.id, "private")
    const csrfToken = await app.browser().csrfToken()
    await victim.browser.visit("/auth/callback/password", { form: { csrfToken, username: attacker, password } })
    expect((await victim.browser.session())?.user).toMatchObject({ id: victim.id, isLazy: true })
    expect(await story.notes(victim.id)).toBe(1)
  })

  it("removes a password that somebody else chose when the owner merges by an e-mail link", async () => {
    await story.prepare()
    const { ConvertProvider } = await import("../../src/password.js")
    const email = app.person().email as string
    const squatter = app.browser(app.withProvider(ConvertProvider({ identifier: "email" })))
    await squatter.signIn("convert", { email, password })
    const squatted = (await squatter.session())?.user.id as string
    const { browser, id } = await app.lazyBrowser()
    await story.note(id, "of the owner")
    await browser.visit(await app.askForLink(browser, email))
    expect((await browser.session())?.user).toMatchObject({ id: squatted, isLazy: false })
    expect(await story.notes(squatted)).toBe(1)
    expect(await app.count(`password where "userId" = '${squatted}'`)).toBe(0)
    if (strategy === "database") expect(await squatter.session()).toBeNull()
    const again = app.browser()
    await again.signIn("password", { username: email, password })
    expect(await again.session()).toBeNull()
  })
})
