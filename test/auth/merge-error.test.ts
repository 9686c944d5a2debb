import { expect, it } from "vitest"
import { MergeConflictError } from "../../src/errors.js"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

const TABLE = `
  create table if not exists seat ("userId" text not null references "user"(id) on delete cascade, number int primary key)`

const REFUSED = "raise exception 'seats stay' using errcode = '42501';"
/** Keeps the owner without an error of the database. */
const KEPT = `new."userId" := old."userId"; return new;`

describeLinking("a merge that can't be done", (app, strategy) => {
  const ways = {
    password: async () => {
      const username = app.person().sub
      const browser = app.browser()
      await browser.signIn("convert", { username, password })
      return { browser, signIn: (lazy: Browser) => lazy.signIn("password", { username, password }) }
    },
    oauth: async () => {
      const person = app.person()
      const browser = app.browser()
      await app.signInWith(browser, "one", person)
      return { browser, signIn: (lazy: Browser) => app.signInWith(lazy, "one", person) }
    },
    email: async () => {
      const email = app.person().email as string
      const browser = app.browser()
      await browser.visit(await app.askForLink(browser, email))
      return { browser, signIn: async (lazy: Browser) => lazy.visit(await app.askForLink(lazy, email)) }
    },
  }
  const events: string[] = []
  /** A lazy user whose row can't move: its table takes no update of the owner. */
  const story = async (way: keyof typeof ways, lazy: LazyConfig["lazy"] = {}, body = REFUSED) => {
    await app.database.query(TABLE)
    await app.database.query(`create or replace function stay() returns trigger language plpgsql as $$
      begin ${body} end $$`)
    await app.database.query("drop trigger if exists stay on seat")
    await app.database.query("create trigger stay before update on seat for each row execute function stay()")
    const owner = await ways[way]()
    const ownerId = (await owner.browser.session())?.user.id as string
    const { browser, id } = await app.lazyBrowser({
      lazy,
      events: {
        mergeFailed: ({ from, into, error }) => void events.push(`${from.id} ${into.id} ${error instanceof Error}`),
        mergeUser: () => void events.push("mergeUser"),
      },
    })
    await app.database.query(`insert into seat values ('${id}', ${Math.trunc(Math.random() * 1e9)})`)
    events.length = 0
    return { browser, id, ownerId, signIn: owner.signIn }
  }
  const seats = (id: string) => app.count(`seat where "userId" = '${id}'`)

  it.for(["password", "oauth", "email"] as const)(
    "ends as merge_failed, and offers to sign in without it (%s)",
    async (way) => {
      const { browser, id, ownerId, signIn } = await story(way)
      const sessions = await app.count("session")
      const refused = await signIn(browser)
      const page = refused.headers.get("location") as string
      expect(page).toBe("http://app.test/auth/signin?error=CredentialsSignin&code=merge_failed")
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      expect([await seats(id), await app.count("session")]).toEqual([1, sessions])

      const html = await (await browser.visit(page)).text()
      expect(html).toContain("What you made here can’t be moved into your account")
      expect(html).toContain('action="http://app.test/auth/callback/without-merge"')
      expect(await (await browser.visit("/auth/signin")).text()).not.toContain("without-merge")

      // Neither another site nor a form without the token can choose for the person.
      await browser.visit("/auth/callback/without-merge", { form: {} })
      const foreign = { "sec-fetch-site": "cross-site" }
      const form = { csrfToken: await browser.csrfToken() }
      await browser.visit("/auth/callback/without-merge", { form, headers: foreign })
      expect((await signIn(browser)).headers.get("location")).toContain("code=merge_failed")

      const chosen = await browser.signIn("without-merge", { callbackUrl: "/notes" })
      expect(chosen.headers.get("location")).toMatch(/^http:\/\/app.test\/auth\/signin\?callbackUrl=/)
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      await signIn(browser)
      expect((await browser.session())?.user).toMatchObject({ id: ownerId, isLazy: false })
      expect(await seats(id)).toBe(1)
      expect(await app.user(id)).toMatchObject({ convertedAt: null })
      if (strategy === "database") expect(await app.count(`session where "userId" = '${id}'`)).toBe(0)
      expect(events).toEqual([])
    },
  )

  it("ends as merge_failed where a trigger keeps the rows without a word", async () => {
    const { browser, id, signIn } = await story("oauth", {}, KEPT)
    expect((await signIn(browser)).headers.get("location")).toContain("code=merge_failed")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect([await seats(id), events]).toEqual([1, []])
  })

  it.for(["password", "oauth", "email"] as const)("leaves the lazy user where the app says so (%s)", async (way) => {
    const { browser, id, ownerId, signIn } = await story(way, { onMergeError: { leave: 3600 } })
    await signIn(browser)
    expect((await browser.session())?.user).toMatchObject({ id: ownerId, isLazy: false })
    expect(await seats(id)).toBe(1)
    expect(events).toEqual([`${id} ${ownerId} true`])
    if (strategy === "database") expect(await app.count(`session where "userId" = '${id}'`)).toBe(0)

    // Spared for the hour, then as old as any other.
    const { lazy } = app.config.adapter
    const { seenAt } = (await app.user(id)) as { seenAt: Date }
    expect(Math.round((new Date(seenAt).valueOf() - Date.now()) / 60_000)).toBe(60)
    await lazy.purge({ olderThan: 0, force: true } as Parameters<typeof lazy.purge>[0])
    expect(await app.user(id)).toBeDefined()

    await app.database.query("drop trigger stay on seat")
    expect(await lazy.merge(id, ownerId)).toMatchObject({ moved: { seat: 1 } })
    expect(await seats(ownerId)).toBe(1)
  })

  it("is not a hook that throws, whatever it throws: nothing changes", async () => {
    const errors = [
      new Error("no"),
      new MergeConflictError("mine", "seat"),
      Object.assign(new Error("db"), { code: "23505" }),
    ]
    for (const error of errors) {
      const { browser, id, signIn } = await story("oauth", {
        onMergeError: "leave",
        onMerge: () => {
          throw error
        },
      })
      await app.database.query("drop trigger stay on seat")
      const answer = await signIn(browser)
      expect(answer.headers.get("location")).toContain("error=Configuration")
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      expect(events).toEqual([])
    }
  })
})
