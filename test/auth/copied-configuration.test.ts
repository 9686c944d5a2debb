import { inspect } from "node:util"
import type { AuthConfig } from "@auth/core"
import { expect, it } from "vitest"
import { gate, type LazyAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { describeFlows } from "../setup/flow-app.js"

/** What an app may make of a configuration before the gate gets it. */
const copies: Record<string, (config: AuthConfig) => AuthConfig> = {
  "is the same": (config) => config,
  "has another option": (config) => ({ ...config, debug: false }),
  "has another adapter": (config) => ({ ...config, adapter: { ...config.adapter } }),
  "has other callbacks and events": (config) => ({
    ...config,
    callbacks: { ...config.callbacks },
    events: { ...config.events },
  }),
  "has another adapter, other callbacks and another session": (config) => ({
    ...config,
    adapter: { ...config.adapter },
    callbacks: { ...config.callbacks },
    session: { ...config.session },
  }),
  "has another jwt": (config) => ({ ...config, jwt: { ...config.jwt } }),
  "is another in every part": (config) => ({
    ...config,
    adapter: { ...config.adapter },
    callbacks: { ...config.callbacks },
    events: { ...config.events },
    jwt: { ...config.jwt },
    providers: [...config.providers],
  }),
}

describeFlows("a configuration that the app hands on", (app) => {
  const authFor = (copy: string, changes: Partial<LazyConfig>): LazyAuth => {
    const auth = withLazy({ ...app.config, ...changes })
    return (request) => (copies[copy] as (config: AuthConfig) => AuthConfig)(auth(request))
  }
  const page = (cookie = "") => new Request("http://app.test/page", { headers: { accept: "text/html", cookie } })

  it.for(Object.keys(copies))("keeps a session that the app hides where it %s", async (copy) => {
    const { browser } = await app.lazyBrowser()
    const users = await app.count('"user"')
    const auth = authFor(copy, { callbacks: { session: () => null as never } })
    const cookie = `authjs.session-token=${await browser.sessionCookie()}`
    expect(await gate(page(cookie), auth)).toMatchObject({ session: null, created: false, skipped: "stale-session" })
    expect(await app.count('"user"')).toBe(users)
  })

  it.for(Object.keys(copies))("leaves nobody behind after a failure where it %s", async (copy) => {
    const users = await app.count('"user"')
    const session = () => {
      throw new Error("the callback failed")
    }
    await expect(gate(page(), authFor(copy, { callbacks: { session } }))).rejects.toThrow()
    expect(await app.count('"user"')).toBe(users)
  })

  it("shows nothing of its request where the app prints it", () => {
    const config = withLazy(app.config)(page("authjs.session-token=of-this-visitor"))
    expect(inspect(config, { depth: 8 })).not.toContain("of-this-visitor")
  })

  it.for(Object.keys(copies))("knows the app's bots where it %s", async (copy) => {
    const auth = authFor(copy, { lazy: { isBot: () => true } })
    expect(await gate(page(), auth)).toMatchObject({ session: null, skipped: "bot" })
  })
})
