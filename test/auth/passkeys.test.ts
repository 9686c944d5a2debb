import Passkey from "@auth/core/providers/passkey"
import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { SoftPasskey } from "../setup/soft-passkey.js"

const origin = "http://app.test"

describeLinking("passkeys", (app, strategy) => {
  const events: string[] = []
  const config = (changes: Partial<LazyConfig> = {}): Partial<LazyConfig> => ({
    providers: [...app.config.providers, Passkey],
    experimental: { enableWebAuthn: true },
    events: {
      mergeUser: () => void events.push("mergeUser"),
      convertUser: () => void events.push("convertUser"),
      linkAccount: () => void events.push("linkAccount"),
    },
    ...changes,
  })
  const everything = () =>
    Promise.all(
      ['"user"', "session", "account", "authenticator"].map(async (table) =>
        (await app.database.query(`select to_jsonb(t) as row from ${table} t order by 1`)).map(({ row }) => row),
      ),
    )
  /** A real user with a passkey. */
  const owner = async () => {
    const { browser, id } = await app.lazyBrowser(config())
    const key = new SoftPasskey(origin)
    await key.register(browser)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    events.length = 0
    return { browser, id, key }
  }
  const real = async () => {
    const browser = app.browser(config())
    await browser.signIn("convert", { username: app.person().sub, password })
    return browser
  }

  const forgers: Record<string, () => Promise<Browser>> = {
    "a lazy user": async () => (await app.lazyBrowser(config())).browser,
    "a visitor without a session": async () => app.browser(config()),
    "a real user": real,
  }

  it("leave another configuration of the same process without them as it is", async () => {
    await owner()
    const { browser, id } = await app.lazyBrowser({ experimental: undefined })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    await browser.signIn("convert", { username: app.person().sub, password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("still have to be allowed where they are a provider", async () => {
    const browser = app.browser(config({ experimental: undefined }))
    expect((await browser.visit("/auth/session")).status).toBe(500)
  })

  it.for(Object.keys(forgers))(
    "refuse a registration by %s that names a known credential, and change nothing",
    async (who) => {
      const victim = await owner()
      const browser = await (forgers[who] as () => Promise<Browser>)()
      const session = await browser.session()
      const before = await everything()
      for (const state of ["whole", "without its authenticator"]) {
        if (state !== "whole") await app.database.query(`delete from authenticator where "userId" = '${victim.id}'`)
        const there = state === "whole" ? before : await everything()
        const forged = new SoftPasskey(origin, victim.key.id)
        const answer = await forged.register(browser, session ? "" : `&email=${app.person().email}`)
        expect(answer.headers.get("location"), state).toContain("error=AccountNotLinked")
        expect(answer.headers.getSetCookie().join()).not.toContain("session-token")
        expect(await everything()).toEqual(there)
        expect((await browser.session())?.user).toEqual(session?.user)
      }
      expect(events).toEqual([])
    },
  )

  it("merge a lazy user who signs in by the passkey of a real one", async () => {
    const { id, key } = await owner()
    const { browser, id: lazyId } = await app.lazyBrowser(config())
    await key.authenticate(browser)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await app.user(lazyId)).toBeUndefined()
    expect(events).toEqual(["mergeUser"])
  })

  it("store no address that was only typed", async () => {
    const email = app.person().email as string
    const attacker = app.browser(config({ lazy: { recheck: 0 } }))
    const key = new SoftPasskey(origin)
    await key.register(attacker, `&email=${email}`)
    const made = (await attacker.session())?.user.id as string
    expect(await app.user(made)).toMatchObject({ email: null, emailVerified: null })
    const victim = app.browser(config())
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user.email).toBe(email)
    expect((await victim.session())?.user.id).not.toBe(made)
  })

  it("take no unproven address along that the app kept for the lazy user", async () => {
    const email = app.person().email as string
    const { browser, id } = await app.lazyBrowser(config())
    await app.database.query(`update "user" set email = '${email}' where id = '${id}'`)
    await new SoftPasskey(origin).register(browser)
    expect(await app.user(id)).toMatchObject({ email: null, convertedAt: expect.anything() })
    await app.signInWith(browser, "one", { sub: app.person().sub })
    const victim = app.browser(config())
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user.email).toBe(email)
    expect((await victim.session())?.user.id).not.toBe(id)
  })

  it("end with the session when the owner proves an address that nobody had", async () => {
    const { browser, id, key } = await owner()
    const email = app.person().email as string
    await app.database.query(`update "user" set email = '${email}' where id = '${id}'`)
    const recheck = app.browser(config({ lazy: { recheck: 0 } }))
    await key.authenticate(recheck)
    expect((await recheck.session())?.user.id).toBe(id)
    const victim = app.browser(config())
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user).toMatchObject({ id, email })
    expect(await recheck.session()).toBeNull()
    if (strategy === "database") expect(await browser.session()).toBeNull()
    const again = app.browser(config())
    await key.authenticate(again)
    expect(await again.session()).toBeNull()
  })

  it("stay, with the OAuth identity, when a user who came by OAuth opens a link", async () => {
    const browser = app.browser(config())
    const person = app.person()
    await app.signInWith(browser, "one", person)
    const id = (await browser.session())?.user.id as string
    const key = new SoftPasskey(origin)
    await key.register(browser)
    const phone = app.browser(config())
    await phone.visit(await app.askForLink(phone, person.email as string))
    expect((await phone.session())?.user.id).toBe(id)
    expect((await browser.session())?.user.id).toBe(id)
    const byPasskey = app.browser(config())
    await key.authenticate(byPasskey)
    const byProvider = app.browser(config())
    await app.signInWith(byProvider, "one", person)
    for (const each of [byPasskey, byProvider]) expect((await each.session())?.user.id).toBe(id)
  })
})
