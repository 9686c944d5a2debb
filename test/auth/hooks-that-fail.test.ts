import { expect, it } from "vitest"
import { gate, type LazyConfig, withLazy } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { describeFlows, password } from "../setup/flow-app.js"

const COOKIE = "authjs.session-token"
let counter = 0
const fresh = () => `hooks-${process.pid}-${counter++}`

describeFlows("a hook that fails or says no", (app, strategy) => {
  const asked = async (browser: Browser, changes: Partial<LazyConfig>) =>
    gate(
      new Request("http://app.test/page", {
        headers: { cookie: `${COOKIE}=${await browser.sessionCookie()}`, accept: "text/html" },
      }),
      withLazy({ ...app.config, ...changes }),
    )

  const ways: Record<string, (browser: Browser) => Promise<unknown>> = {
    convert: (browser) => browser.signIn("convert", { username: fresh(), password }),
    password: async (browser) => {
      const username = fresh()
      await app.browser().signIn("convert", { username, password })
      return browser.signIn("password", { username, password })
    },
  }
  const throwing = () => {
    throw new Error("The hook failed.")
  }
  const hooks: Record<string, Partial<LazyConfig>> = {
    "a jwt callback that gives no token": { callbacks: { jwt: ({ token, user }) => (user ? null : token) } },
    "a jwt callback that throws": { callbacks: { jwt: ({ token, user }) => (user ? throwing() : token) } },
    "a signIn callback that throws": { callbacks: { signIn: throwing } },
    "a signIn callback that answers nothing": { callbacks: { signIn: (() => undefined) as never } },
    "a signIn callback that sends elsewhere": { callbacks: { signIn: () => "/elsewhere" } },
    "a merge option that throws": { lazy: { merge: throwing } },
  }
  for (const way of Object.keys(ways))
    it.for(Object.keys(hooks))(`keeps the lazy session of a sign-in by ${way}: %s`, async (hook) => {
      for (const merge of ["auto", () => false] as const) {
        const changes = hooks[hook] as Partial<LazyConfig>
        const { browser, id } = await app.lazyBrowser()
        const hooked = app.browser({ ...changes, lazy: { merge, ...changes.lazy } })
        for (const cookie of await browser.jar.getCookies(browser.origin))
          await hooked.jar.setCookie(cookie.toString(), hooked.origin)
        await (ways[way] as (browser: Browser) => Promise<unknown>)(hooked)
        const isAsked =
          hook.includes("signIn") ||
          (hook.includes("jwt") && strategy === "jwt") ||
          (hook.includes("merge") && way === "password")
        if (isAsked) expect((await hooked.session())?.user, String(merge)).toMatchObject({ id, isLazy: true })
        if (isAsked) expect(await app.user(id)).toMatchObject({ convertedAt: null })
      }
    })

  if (strategy === "jwt")
    it.for(["jwt", "session"] as const)(
      "removes no session at a gate, and makes nobody: a %s callback",
      async (name) => {
        const { browser, id } = await app.lazyBrowser()
        const users = await app.count('"user"')
        const result = await asked(browser, { callbacks: { [name]: throwing } })
        expect(result).toMatchObject({ open: true, session: null, created: false })
        expect(result.headers.getSetCookie()).toEqual([])
        expect(await app.count('"user"')).toBe(users)
        const again = await asked(browser, {})
        expect(again.session?.user.id).toBe(id)
      },
    )
})
