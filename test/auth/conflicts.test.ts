import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import { beforeAll, beforeEach, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { Conflicts, conflictingClient } from "../setup/conflicting-client.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

type SignIn = (visitor: { browser: Browser; id: string }) => Promise<unknown>

describeLinking("an engine that finds conflicts at the commit", (app) => {
  let conflicts: Conflicts
  let hooks: string[]
  let events: string[]
  beforeAll(() => app.database.query('create table note (id text, owner text not null references "user", log text)'))
  beforeEach(() => {
    conflicts = new Conflicts(20261129)
    hooks = []
    events = []
  })

  const changes = (): Partial<LazyConfig> => ({
    adapter: LazyAdapter(drizzle(conflictingClient((app.database as PostgresDatabase).sql, conflicts))),
    lazy: {
      recheck: 0,
      async onConvert({ tx, user }) {
        hooks.push(user.id)
        await tx.execute(sql`update note set log = concat(log, 'converted ') where owner = ${user.id}`)
      },
      async onMerge({ tx, from, into }) {
        hooks.push(from.id)
        await tx.execute(sql`update note set log = concat(log, 'merged ') where owner = ${into.id} and id = ${from.id}`)
      },
    },
    events: {
      createLazyUser: ({ user }) => void events.push(`made ${user.id}`),
      convertUser: ({ user }) => void events.push(`converted ${user.id}`),
      mergeUser: ({ from }) => void events.push(`merged ${from.id}`),
    },
  })
  /** A visitor with a note, whose id is that of the visitor. */
  const visitor = async () => {
    const lazy = await app.lazyBrowser(changes())
    await app.database.query(`insert into note values ('${lazy.id}', '${lazy.id}')`)
    return lazy
  }

  it("loses nothing and does nothing twice, whichever way a visitor signs in", async () => {
    const users = await app.count('"user"')
    const outcomes = await app.count('"lazyOutcome"')
    const ways = 3
    const rounds = 2
    for (let round = 0; round < rounds; round++) {
      const person = app.person()
      const address = app.person().email as string
      const username = app.person().sub
      const oauth: SignIn = ({ browser }) => app.signInWith(browser, "one", person)
      const link: SignIn = async ({ browser }) => browser.visit(await app.askForLink(browser, address))
      const signUp: SignIn = ({ browser }) => browser.signIn("convert", { username, password })
      const typed: SignIn = ({ browser }) => browser.signIn("password", { username, password })
      for (const [first, again] of [
        [oauth, oauth],
        [link, link],
        [signUp, typed],
      ] as const) {
        const owner = await visitor()
        await first(owner)
        expect((await owner.browser.session())?.user).toMatchObject({ id: owner.id, isLazy: false })
        const late = await visitor()
        await again(late)
        expect((await late.browser.session())?.user).toMatchObject({ id: owner.id, isLazy: false })
        expect(await app.user(late.id)).toBeUndefined()
        const notes = await app.database.query(`select id, log from note where owner = '${owner.id}' order by log`)
        expect(notes).toEqual([
          { id: owner.id, log: "converted " },
          { id: late.id, log: "merged " },
        ])
        expect(events.splice(0)).toEqual([
          `made ${owner.id}`,
          `converted ${owner.id}`,
          `made ${late.id}`,
          `merged ${late.id}`,
        ])
        await late.browser.signOut()
        expect(await late.browser.session()).toBeNull()
        await owner.browser.signOut()
        expect(await app.count(`session where "userId" = '${owner.id}'`)).toBe(0)
      }
    }
    expect(await app.count('"user"')).toBe(users + ways * rounds)
    expect(await app.count('"lazyOutcome"')).toBe(outcomes + 2 * ways * rounds)
    expect(await app.count("account")).toBe(rounds)
    // The hooks ran in transactions that were undone, too.
    expect(hooks.length).toBeGreaterThan(2 * ways * rounds)
    expect(conflicts.failed).toBeGreaterThan(20)
    expect(app.logged).toEqual([])
  })

  it("leaves a visitor alone whose sign-in fails each time", async () => {
    const { browser, id } = await visitor()
    const before = [await app.user(id), await app.count(`session where "userId" = '${id}'`)]
    conflicts.always = true
    await browser.signIn("convert", { username: app.person().sub, password })
    conflicts.always = false
    expect(hooks).toEqual([id, id, id])
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect([await app.user(id), await app.count(`session where "userId" = '${id}'`)]).toEqual(before)
    expect(await app.database.query(`select log from note where owner = '${id}'`)).toEqual([{ log: null }])
  })

  it("makes one user of a browser that asks several times at once", async () => {
    const browser = app.browser(changes())
    await browser.csrfToken()
    const before = await app.count('"user"')
    await Promise.all([1, 2, 3].map(() => browser.signIn("lazy")))
    expect(await app.count('"user"')).toBe(before + 1)
    expect(events).toHaveLength(1)
  })
})
