import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { PostgresDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { Mailbox } from "../setup/mailbox.js"
import { OpenIdProvider } from "../setup/openid-provider.js"
import { type Told, Visitor } from "./base-path-visitor.js"
import { type BuiltApp, freePort, type StartedApp } from "./next-app.js"
import { describeResults } from "./sign-in-results.js"

const COOKIE = "__Secure-authjs.session-token"
const BROWSERS = 20

/**
 * Calls that next-auth makes without a request, in the built app of base-path.test.ts, with both
 * session strategies.
 */
export function describeActions(parts: () => { built: BuiltApp; database: PostgresDatabase }): void {
  describe.each(["database", "jwt"])("without a request, with %s sessions", (strategy) => {
    let app: StartedApp
    let port: number
    let mailbox: Mailbox
    let openId: OpenIdProvider

    beforeAll(async () => {
      ;[port, mailbox, openId] = await Promise.all([
        freePort(),
        Mailbox.start(),
        OpenIdProvider.start(["https://app.test/app/api"]),
      ])
      app = await parts().built.start(port, {
        DATABASE_URL: parts().database.url,
        AUTH_URL: "https://app.test/app/api/auth",
        AUTH_SECRET: secret,
        SESSION: strategy,
        MAIL: mailbox.url,
        ISSUER: openId.issuer,
        DOMAIN: "app.test",
      })
    }, 60_000)
    afterAll(() => Promise.all([app?.close(), mailbox?.close(), openId?.close()]))

    const user = async (id: string) => (await parts().database.query(`select * from "user" where id = '${id}'`))[0]
    const users = async () => Number((await parts().database.query(`select count(*) as n from "user"`))[0]?.n)
    const sessionOf = (visitor: Visitor) => visitor.read<Told | null>("/app/form")

    async function lazyVisitor(): Promise<{ visitor: Visitor; id: string }> {
      const visitor = new Visitor(port)
      return { visitor, id: (await visitor.read<Told>("/app/gated")).user.id }
    }

    async function realUser(): Promise<{ visitor: Visitor; id: string }> {
      const visitor = new Visitor(port)
      await visitor.act({ what: "convert", username: `real-${crypto.randomUUID().slice(0, 8)}`, password })
      return { visitor, id: (await visitor.read<Told>("/app/gated")).user.id }
    }

    const sent = async (visitor: Visitor) =>
      (await visitor.jar.getCookies(visitor.origin)).filter(({ key }) => key.startsWith(COOKIE))

    it("an app's own credentials provider merges the lazy user", async () => {
      const { id: realId } = await realUser()
      const { visitor, id } = await lazyVisitor()
      await visitor.act({ what: "own", id: realId })
      expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({ id: realId, isLazy: false })
      expect(await user(id)).toBeUndefined()
    })

    it("an e-mail link that is asked for converts the lazy user who asked", async () => {
      const { visitor, id } = await lazyVisitor()
      const email = `${id}@example.com`
      await visitor.act({ what: "link", email })
      await visitor.visit(await mailbox.linkFor(email))
      expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({ id, isLazy: false })
      expect(await user(id)).toMatchObject({ email, emailVerified: expect.anything() })
    })

    it("a sign-in by an OpenID provider converts the lazy user who began it", async () => {
      const { visitor, id } = await lazyVisitor()
      const start = await visitor.act({ what: "one" })
      const person = { sub: id, email: `${id}@id.example`, email_verified: true }
      await visitor.visit(await openId.walk(start.headers.get("location") ?? "", person))
      expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({ id, isLazy: false })
    })

    it("a page outside of the gate shows the live one of two sessions", async () => {
      const { visitor, id } = await realUser()
      const [live] = await sent(visitor)
      for (const values of [
        ["dead-and-gone", live?.value],
        [live?.value, "dead-and-gone"],
      ]) {
        const cookie = values.map((value) => `${COOKIE}=${value}`).join("; ")
        expect((await visitor.read<Told>("/app/form", { headers: { cookie } })).user.id).toBe(id)
      }
    })

    it("a page outside of the gate and the session route show the sign-in, not the late chunk beside it", async () => {
      const { visitor, id } = await realUser()
      const late = await lazyVisitor()
      const [[whole], [made]] = [await sent(visitor), await sent(late.visitor)]
      const pairs = [`${COOKIE}=${whole?.value}`, `${COOKIE}.50=${made?.value}`]
      for (const path of ["/app/form", "/app/api/auth/session"]) {
        const shown = async (cookies: string[]) =>
          (await new Visitor(port).read<Told>(path, { headers: { cookie: cookies.join("; ") } })).user.id
        expect(await shown(pairs)).toBe(id)
        expect(await shown(pairs.toReversed())).toBe(id)
        expect(await shown(pairs.slice(1))).toBe(late.id)
      }
    })

    it("a page behind the gate makes one of two sessions, in both forms of the cookie", async () => {
      const { visitor, id } = await realUser()
      const [live] = await sent(visitor)
      const cookie = `${COOKIE}=dead-and-gone; ${COOKIE}=${live?.value}`
      const answer = await visitor.visit("/app/gated", { headers: { cookie } })
      expect(await answer.text()).toContain(id)
      const set = answer.headers.getSetCookie().filter((each) => each.startsWith(COOKIE))
      expect(set).toEqual([expect.stringMatching(/=; Max-Age=0/), expect.stringContaining("Domain=app.test")])
      expect(set[0]).not.toContain("Domain")
      await visitor.act({ what: "sign out" })
      expect(await sent(visitor)).toEqual([])
      expect(await sessionOf(visitor)).toBeNull()
    })

    it("another app's cookie whose name begins alike is left alone", async () => {
      const { visitor, id } = await realUser()
      await visitor.jar.setCookie(`${COOKIE}-b=of-another-app; Path=/; Secure`, visitor.origin)
      expect((await sessionOf(visitor))?.user.id).toBe(id)
      expect((await visitor.read<Told>("/app/api/auth/session")).user.id).toBe(id)
      expect((await visitor.read<Told>("/app/gated")).user.id).toBe(id)
      const others = async () => (await visitor.jar.getCookies(visitor.origin)).find(({ key }) => key === `${COOKIE}-b`)
      const { csrfToken } = await visitor.read<{ csrfToken: string }>("/app/api/auth/csrf")
      await visitor.visit("/app/api/auth/signout", { form: { csrfToken } })
      expect(await sessionOf(visitor)).toBeNull()
      expect((await others())?.value).toBe("of-another-app")
    })

    describeResults(() => ({
      visitor: () => new Visitor(port),
      lazyVisitor,
      user,
      app,
      mailbox,
      openId,
      database: parts().database,
    }))

    it("NextAuth(authConfig()) serves nobody as somebody else, and says what to write", async () => {
      const before = await users()
      const visitors = Array.from({ length: BROWSERS }, () => new Visitor(port))
      const signIn = async (visitor: Visitor) => {
        const csrf = await visitor.visit("/app/api/shared/csrf")
        if (csrf.status !== 200) return csrf.status
        const { csrfToken } = (await csrf.json()) as { csrfToken: string }
        return (await visitor.visit("/app/api/shared/callback/lazy", { form: { csrfToken } })).status
      }
      const statuses = await Promise.all(visitors.map(signIn))
      expect(statuses).toEqual(statuses.map(() => 500))
      expect(await users()).toBe(before)
      for (const visitor of visitors) expect(await sent(visitor)).toEqual([])
      expect(app.output()).toContain("NextAuth(authConfig) instead of NextAuth(authConfig())")
    })
  })
}
