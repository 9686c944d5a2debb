import Passkey from "@auth/core/providers/passkey"
import type { BrowserContext, Browser as Chromium, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { send } from "../contract/gate-contract-visitor.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"
import { serve, type WebServer } from "../setup/web-server.js"

interface SessionInfo {
  user: { id: string; isLazy: boolean; username: string | null; email: string | null; name: string | null }
}

/**
 * Does what the client script of Auth.js does, with JSON forms of the options:
 * https://www.w3.org/TR/webauthn-3/
 */
async function usePasskey(page: Page, action: "register" | "authenticate"): Promise<string> {
  return page.evaluate(async (action) => {
    const { csrfToken } = await (await fetch("/auth/csrf")).json()
    const response = await fetch(`/auth/webauthn-options/passkey?action=${action}`)
    const text = await response.text()
    if (!response.ok || !text) return `options: ${response.status} ${text}`
    const { options } = JSON.parse(text)
    const credential = (
      action === "register"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
    ) as PublicKeyCredential
    const answer = await fetch("/auth/callback/passkey", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-auth-return-redirect": "1" },
      body: new URLSearchParams({ csrfToken, action, data: JSON.stringify(credential.toJSON()) }),
    })
    return (await answer.json()).url
  }, action)
}

describe.each(["database", "jwt"] as const)("passkeys with %s sessions", (strategy) => {
  const app = new FlowApp(strategy)
  const events: string[] = []
  let server: WebServer
  let chromium: Chromium
  let context: BrowserContext
  let page: Page

  const config = (): LazyConfig => ({
    ...app.config,
    providers: [...app.config.providers, Passkey],
    experimental: { enableWebAuthn: true },
    events: {
      linkAccount: ({ user }) => void events.push(`linkAccount ${user.id}`),
      convertUser: ({ user, by }) => void events.push(`convertUser ${user.id} ${by.type}`),
      mergeUser: ({ from, into }) => void events.push(`mergeUser ${from.id} ${into.id}`),
      signIn: ({ user }) => void events.push(`signIn ${user.id}`),
    },
  })
  const session = (): Promise<SessionInfo | null> => page.evaluate(async () => (await fetch("/auth/session")).json())
  const signInLazily = async () => {
    await page.evaluate(async () => {
      const { csrfToken } = await (await fetch("/auth/csrf")).json()
      await fetch("/auth/callback/lazy", { method: "POST", body: new URLSearchParams({ csrfToken }) })
    })
    return (await session())?.user as SessionInfo["user"]
  }
  const signOut = () =>
    page.evaluate(async () => {
      const { csrfToken } = await (await fetch("/auth/csrf")).json()
      await fetch("/auth/signout", { method: "POST", body: new URLSearchParams({ csrfToken }) })
    })

  beforeAll(async () => {
    app.database = await postgresDatabase()
    const auth = withLazy(config())
    server = await serve(async (request) =>
      new URL(request.url).pathname.startsWith("/auth")
        ? handleAuth(request, auth)
        : new Response("<!doctype html><title>app</title>", { headers: { "content-type": "text/html" } }),
    )
    chromium = await launchChromium()
    context = await chromium.newContext()
    page = await context.newPage()
    const devtools = await context.newCDPSession(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(server.origin)
  })
  afterAll(async () => {
    await chromium?.close()
    await server?.close()
    await app.database?.close()
  })

  it("converts a lazy user without an address, and merges the next one who uses the passkey", async () => {
    const lazy = await signInLazily()
    events.length = 0
    expect(await usePasskey(page, "register")).toBe(server.origin)
    expect((await session())?.user).toMatchObject({ id: lazy.id, isLazy: false, email: null, username: lazy.username })
    expect(await app.user(lazy.id)).toMatchObject({ email: null, convertedAt: expect.anything() })
    expect(await app.count(`account where "userId" = '${lazy.id}' and type = 'webauthn'`)).toBe(1)
    expect(await app.count(`authenticator where "userId" = '${lazy.id}'`)).toBe(1)
    expect(events).toEqual([`linkAccount ${lazy.id}`, `convertUser ${lazy.id} webauthn`, `signIn ${lazy.id}`])

    await signOut()
    const second = await signInLazily()
    expect(second.id).not.toBe(lazy.id)
    events.length = 0
    expect(await usePasskey(page, "authenticate")).toBe(server.origin)
    expect((await session())?.user).toMatchObject({ id: lazy.id, isLazy: false })
    expect(events).toEqual([`mergeUser ${second.id} ${lazy.id}`, `signIn ${lazy.id}`])
    expect(await app.user(second.id)).toBeUndefined()
  })

  it("stays lazy, with nothing written, when the authenticator can't be written", async () => {
    await signOut()
    const lazy = await signInLazily()
    await app.database.query("alter table authenticator rename to authenticator_away")
    const options = await usePasskey(page, "register")
    expect(options).toMatch(/^options: 5|error/)
    await app.database.query("alter table authenticator_away rename to authenticator")
    await app.database.query(`alter table authenticator add constraint no_more check (counter < 0) not valid`)
    expect(await usePasskey(page, "register")).toContain("error=")
    await app.database.query("alter table authenticator drop constraint no_more")
    expect((await session())?.user).toMatchObject({ id: lazy.id, isLazy: true })
    expect(await app.count(`account where "userId" = '${lazy.id}'`)).toBe(0)
  })

  describe("cross-site POST", () => {
    const written = () =>
      Promise.all(['"user"', "session", "account", "authenticator"].map((table) => app.count(table)))

    /** Creates a passkey. Returns the registration form and the cookies with its challenge. */
    async function makePasskey(): Promise<{ cookie: string; body: string }> {
      const body = await page.evaluate(async () => {
        const { options } = await (await fetch("/auth/webauthn-options/passkey?action=register")).json()
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
        const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
        return new URLSearchParams({ action: "register", data: JSON.stringify(credential.toJSON()) }).toString()
      })
      const cookies = await context.cookies(server.origin)
      return { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "), body }
    }

    function post({ cookie, body }: { cookie: string; body: string }, headers: Record<string, string>) {
      const { host, port } = new URL(server.origin)
      const form = { host, cookie, "content-type": "application/x-www-form-urlencoded" }
      return send({
        port: Number(port),
        method: "POST",
        path: "/auth/callback/passkey",
        headers: { ...form, ...headers },
        body,
      })
    }

    /** The same by a form on the page of another site, from where the browser then comes back. */
    async function postInBrowser(body: string): Promise<void> {
      const fields = [...new URLSearchParams(body)].map(
        ([name, value]) => `<input name="${name}" value="${value.replaceAll('"', "&quot;")}">`,
      )
      const action = `${server.origin}/auth/callback/passkey`
      const form = `<form method="post" action="${action}">${fields.join("")}<button>Win</button></form>`
      const other = await serve(async () => new Response(form, { headers: { "content-type": "text/html" } }))
      try {
        // To browsers, another site than localhost.
        await page.goto(other.origin.replace("localhost", "127.0.0.1"))
        await page.getByRole("button", { name: "Win" }).click()
        await page.waitForURL(/error=/)
      } finally {
        await other.close()
        await page.goto(server.origin)
      }
    }

    it("of a passkey that is right in all else: refused, zero rows, while the app's own is taken", async () => {
      await signOut()
      const lazy = await signInLazily()
      const passkey = await makePasskey()
      const before = await written()
      const foreign: Record<string, string>[] = [
        { "sec-fetch-site": "cross-site", origin: "https://other.test" },
        { "sec-fetch-site": "cross-site", origin: server.origin },
        { "sec-fetch-site": "same-site", origin: "https://other.app.test" },
        { origin: "https://other.test" },
        { origin: "null" },
      ]
      for (const headers of foreign) {
        const answer = await post(passkey, headers)
        expect(answer.headers.get("location"), JSON.stringify(headers)).toContain("error=AccessDenied")
        expect(answer.headers.getSetCookie().join()).not.toContain("session-token")
        expect(await written()).toEqual(before)
        expect((await session())?.user).toMatchObject({ id: lazy.id, isLazy: true })
      }
      await postInBrowser(passkey.body)
      expect(await written()).toEqual(before)
      expect((await session())?.user).toMatchObject({ id: lazy.id, isLazy: true })

      const own = await post(passkey, { "sec-fetch-site": "same-origin", origin: server.origin })
      expect(own.headers.get("location")).toBe(server.origin)
      expect(await app.user(lazy.id)).toMatchObject({ convertedAt: expect.anything() })
    })
  })
})
