import { decode, encode } from "@auth/core/jwt"
import { beforeAll, describe, expect, it } from "vitest"
import { gate, type LazyConfig, withLazy } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { describeFlows, type FlowApp, password, secret } from "../setup/flow-app.js"

const COOKIE = "authjs.session-token"
const DAY = 24 * 60 * 60
const MAX_AGE = 30 * DAY

describeFlows("a lazy user is seen", (app, strategy) => {
  beforeAll(async () => {
    await app.database.query("create table written (seen timestamptz)")
    await app.database.query(`create function note() returns trigger language plpgsql as
      $$ begin insert into written values (new."seenAt"); return new; end $$`)
    await app.database.query(`create trigger noted after update on "user" for each row execute function note()`)
  })

  const seconds = (moment: unknown) => Math.floor(new Date(moment as string).valueOf() / 1000)
  const now = () => Math.floor(Date.now() / 1000)
  const seenAt = async (id: string) => seconds((await app.user(id))?.seenAt)

  /** Makes it so that the session was last used that many seconds ago. */
  async function lastUsed(browser: Browser, id: string, ago: number): Promise<void> {
    await app.database.query(`update "user" set "seenAt" = now() - interval '${ago} seconds' where id = '${id}'`)
    await app.database.query("delete from written")
    if (strategy === "database") {
      await app.database.query(
        `update session set expires = now() + interval '${MAX_AGE - ago} seconds' where "userId" = '${id}'`,
      )
    } else {
      const token = await decode({ token: await browser.sessionCookie(), salt: COOKIE, secret })
      const older = { ...token, seenAt: now() - ago, checkedAt: now() - ago }
      await browser.setSessionCookie(await encode({ token: older, salt: COOKIE, secret }))
    }
  }

  const gated = async (browser: Browser, changes: Partial<LazyConfig> = {}) => {
    const headers = { cookie: `${COOKIE}=${await browser.sessionCookie()}`, accept: "text/html" }
    return gate(new Request("http://app.test/page", { headers }), withLazy({ ...app.config, ...changes }))
  }

  const uses = [
    ["the session route of Auth.js", async (browser: Browser) => void (await browser.session())],
    ["the gate", async (browser: Browser) => void (await gated(browser))],
  ] as const

  describe.each(uses)("through %s", (_, use) => {
    it("when updateAge has passed, and not again before it passes again", async () => {
      const { browser, id } = await app.lazyBrowser()
      await lastUsed(browser, id, 2 * DAY)
      const before = now()
      await use(browser)
      expect(await seenAt(id)).toBeGreaterThanOrEqual(before)
      expect(await app.count("written")).toBe(1)
      await use(browser)
      expect(await app.count("written")).toBe(1)
    })

    it("not at all before updateAge has passed", async () => {
      const { browser, id } = await app.lazyBrowser()
      await lastUsed(browser, id, DAY - 60)
      const before = await seenAt(id)
      await use(browser)
      expect(await seenAt(id)).toBe(before)
      expect(await app.count("written")).toBe(0)
    })

    it("once by twenty requests at the same moment", async () => {
      const { browser, id } = await app.lazyBrowser()
      await lastUsed(browser, id, 2 * DAY)
      await Promise.all(Array.from({ length: 20 }, () => use(browser)))
      expect(await app.count("written")).toBe(1)
      expect(await seenAt(id)).toBeGreaterThan(now() - 60)
    })
  })

  it("at every use when updateAge is 0", async () => {
    const changes = { session: { strategy, updateAge: 0 } } satisfies Partial<LazyConfig>
    const { browser, id } = await app.lazyBrowser(changes)
    await lastUsed(browser, id, 10)
    await gated(browser, changes)
    await gated(browser, changes)
    expect(await app.count("written")).toBe(2)
  })

  it("while a real user's row stays as it is", async () => {
    const { browser, id } = await app.lazyBrowser()
    await browser.signIn("convert", { username: `real-${id.slice(-8)}`, password })
    const before = (await app.user(id))?.seenAt
    await lastUsed(browser, id, 2 * DAY)
    await app.database.query(`update "user" set "seenAt" = null where id = '${id}'`)
    await app.database.query("delete from written")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(before).not.toBeNull()
    expect((await app.user(id))?.seenAt).toBeNull()
    expect(await app.count("written")).toBe(0)
  })

  it("and a session that is used lives on for a whole maximum age", async () => {
    const { browser, id } = await app.lazyBrowser()
    await lastUsed(browser, id, 20 * DAY)
    const result = await gated(browser)
    expect(result.headers.getSetCookie()).toHaveLength(1)
    const expires = await endOfSession(app, strategy, result.headers, id)
    expect(expires).toBeGreaterThan(now() + MAX_AGE - 60)
  })

  it("and no session outlives a maximum age after the moment the database knows of", async () => {
    const { browser, id } = await app.lazyBrowser()
    await lastUsed(browser, id, DAY - 60)
    const response = await browser.visit("/auth/session")
    const expires = await endOfSession(app, strategy, response.headers, id)
    expect(expires).toBeLessThanOrEqual((await seenAt(id)) + MAX_AGE + 1)
    expect(expires).toBeGreaterThan(now() + MAX_AGE - 2 * DAY)
  })

  it("and is signed out when it was purged in between", async () => {
    const { browser, id } = await app.lazyBrowser()
    await lastUsed(browser, id, 2 * DAY)
    await app.database.query(`delete from "user" where id = '${id}'`)
    expect(await browser.session()).toBeNull()
  })
})

/** When the session ends that a response has left the browser with, in seconds since 1970. */
async function endOfSession(app: FlowApp, strategy: string, headers: Headers, id: string): Promise<number> {
  if (strategy === "database") {
    const [row] = await app.database.query(
      `select extract(epoch from expires at time zone 'utc')::int as expires from session where "userId" = '${id}'`,
    )
    return Number(row?.expires)
  }
  const cookie = headers.getSetCookie().find((cookie) => cookie.startsWith(`${COOKIE}=`)) ?? ""
  const token = await decode({ token: /=([^;]+)/.exec(cookie)?.[1], salt: COOKIE, secret })
  return Number(token?.exp)
}
