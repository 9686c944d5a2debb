import { encode } from "@auth/core/jwt"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password, secret } from "../setup/flow-app.js"

const NAME = "authjs.session-token"
const ORIGIN = "http://www.example.test"
const VISIT = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" }

describe.each(["database", "jwt"] as const)("session cookies of one name (%s sessions)", (strategy) => {
  const app = new FlowApp(strategy)
  beforeAll(async () => {
    app.database = await postgresDatabase()
    await app.browser().signIn("convert", { username: "alice", password })
  })
  afterAll(() => app.database.close())

  const domain: Partial<LazyConfig> = { cookies: { sessionToken: { options: { domain: "example.test" } } } }

  /** A site that is given a `domain` when it is deployed anew. */
  function site() {
    let auth = withLazy(app.config)
    const browser = new Browser(ORIGIN, async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      const result = await gate(request, auth)
      const { session = null, created } = result.open ? result : { created: false }
      return Response.json({ user: session?.user, created, cookie: result.open && result.cookie }, result)
    })
    const deploy = () => {
      auth = withLazy({ ...app.config, ...domain })
    }
    const page = async () =>
      (await (await browser.visit("/notes", { headers: VISIT })).json()) as {
        user: { id: string; username: string }
        created: boolean
        cookie: string
      }
    return { browser, deploy, page }
  }

  const sent = async (browser: Browser) =>
    (await browser.jar.getCookies(ORIGIN)).filter(({ key }) => key.startsWith(NAME)).map(({ value }) => value)

  it("keep a session that was made after a domain was added, on pages and on the routes of Auth.js", async () => {
    const { browser, deploy, page } = site()
    const guest = await page()
    deploy()
    expect((await page()).user.id).toBe(guest.user.id)
    const users = await app.count('"user"')
    await browser.signIn("password", { username: "alice", password })
    for (let n = 0; n < 3; n++) {
      expect(await page()).toMatchObject({ user: { username: "alice" }, created: false })
      expect((await browser.session())?.user).toMatchObject({ username: "alice" })
    }
    expect(await app.count('"user"')).toBe(users - 1)
    expect(await sent(browser)).toHaveLength(1)
    await browser.signOut()
    expect(await sent(browser)).toEqual([])
    expect(await browser.session()).toBeNull()
  })

  it("let no dead one hide a live one, whichever comes first", async () => {
    const { browser, deploy, page } = site()
    await browser.signIn("password", { username: "alice", password })
    const live = (await sent(browser))[0] as string
    await browser.jar.removeAllCookies()
    deploy()
    const dead =
      strategy === "jwt" ? await encode({ token: { sub: crypto.randomUUID() }, secret, salt: NAME }) : "dead-and-gone"
    for (const [hostOnly, shared] of [
      [dead, live],
      [live, dead],
      ["not%20a%zzvalue", live],
    ] as const) {
      await browser.jar.setCookie(`${NAME}=${hostOnly}; Path=/`, ORIGIN)
      await browser.jar.setCookie(`${NAME}=${shared}; Path=/; Domain=example.test`, ORIGIN)
      expect((await browser.session())?.user).toMatchObject({ username: "alice" })
      expect(await sent(browser)).toHaveLength(1)
      await browser.jar.removeAllCookies()
      await browser.jar.setCookie(`${NAME}=${hostOnly}; Path=/`, ORIGIN)
      await browser.jar.setCookie(`${NAME}=${shared}; Path=/; Domain=example.test`, ORIGIN)
      const { user, cookie } = await page()
      expect(user.username).toBe("alice")
      expect(cookie.split(NAME)).toHaveLength(2)
      expect(await sent(browser)).toHaveLength(1)
      await browser.jar.removeAllCookies()
    }
  })

  it("are one session in chunks, next to chunks of a dead one", async () => {
    const { browser } = site()
    await browser.signIn("password", { username: "alice", password })
    const live = (await sent(browser))[0] as string
    const half = Math.ceil(live.length / 2)
    const cookie = [
      `${NAME}.0=dead-`,
      `${NAME}.1=and-gone`,
      `${NAME}.2=and-longer`,
      `${NAME}.0=${live.slice(0, half)}`,
      `${NAME}.1=${live.slice(half)}`,
    ].join("; ")
    const answer = await browser.visit("/auth/session", { headers: { cookie } })
    expect(await answer.json()).toMatchObject({ user: { username: "alice" } })
    const door = await gate(new Request(`${ORIGIN}/`, { headers: { cookie, ...VISIT } }), withLazy(app.config))
    expect(door.session?.user.username).toBe("alice")
  })

  it("ask the database about no more than a handful", async () => {
    let asked = 0
    const { adapter } = app.config
    const counting = {
      ...adapter,
      getSessionAndUser: (token: string) => {
        asked++
        return adapter.getSessionAndUser(token)
      },
    }
    const auth = withLazy({ ...app.config, adapter: counting })
    const cookie = Array.from({ length: 200 }, (_, n) => `${NAME}=made-up-${n}`).join("; ")
    await gate(new Request(`${ORIGIN}/`, { headers: { cookie, ...VISIT } }), auth, { require: "real" })
    expect(asked).toBeLessThanOrEqual(10)
  })

  if (strategy === "database")
    it("end no live session with an expired one, however many were planted", async () => {
      const { browser } = site()
      await browser.signIn("lazy")
      const live = (await sent(browser))[0] as string
      const expired = crypto.randomUUID()
      const [owner] = await app.database.query(`select "userId" as id from session where "sessionToken" = '${live}'`)
      await app.database.query(
        `insert into session ("sessionToken", "userId", expires) values ('${expired}', '${owner?.id}', now() - interval '1 day')`,
      )
      const planted = [expired, ...Array.from({ length: 4 }, () => crypto.randomUUID()), live]
      const cookie = planted.map((value) => `${NAME}=${value}`).join("; ")
      await handleAuth(new Request(`${ORIGIN}/auth/session`, { headers: { cookie } }), withLazy(app.config))
      expect(await app.count(`session where "sessionToken" = '${live}'`)).toBe(1)
    })

  it("hide no session from a sign-out, however many were planted", async () => {
    for (const form of [NAME, `${NAME}.50`]) {
      const { browser } = site()
      await browser.signIn("lazy")
      const live = (await sent(browser))[0] as string
      const csrfToken = await browser.csrfToken()
      const planted = await Promise.all(
        Array.from({ length: 12 }, () =>
          strategy === "jwt"
            ? encode({ token: { sub: crypto.randomUUID() }, secret, salt: NAME })
            : crypto.randomUUID(),
        ),
      )
      const own = (await browser.jar.getCookieString(ORIGIN)).split("; ").filter((pair) => !pair.startsWith(NAME))
      const cookie = [...own, ...planted.map((value) => `${NAME}=${value}`), `${form}=${live}`].join("; ")
      if (form !== NAME) {
        const seen = await gate(new Request(`${ORIGIN}/`, { headers: { cookie, ...VISIT } }), withLazy(app.config))
        expect(seen.session?.user.isLazy).toBe(true)
      }
      await browser.visit("/auth/signout", { form: { csrfToken }, headers: { cookie } })
      const auth = withLazy({ ...app.config, lazy: { recheck: 0 } })
      const copy = new Request(`${ORIGIN}/auth/session`, { headers: { cookie: `${NAME}=${live}` } })
      expect(await (await handleAuth(copy, auth)).json()).toBeNull()
    }
  })

  it.each([`${NAME}-b`, `${NAME}.b`, `${NAME}2`, `${NAME}.1b`, `${NAME}.`])(
    "are not those named %s",
    async (foreign) => {
      const { browser, page } = site()
      await browser.jar.setCookie(`${foreign}=of-another-app; Path=/`, ORIGIN)
      const others = async () => (await browser.jar.getCookies(ORIGIN)).find(({ key }) => key === foreign)?.value
      await browser.signIn("password", { username: "alice", password })
      expect((await page()).user.username).toBe("alice")
      expect((await browser.session())?.user.username).toBe("alice")
      expect(await others()).toBe("of-another-app")
      await browser.signOut()
      expect(await browser.session()).toBeNull()
      expect(await others()).toBe("of-another-app")
    },
  )
})
