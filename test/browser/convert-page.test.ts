import type { Provider } from "@auth/core/providers"
import Passkey from "@auth/core/providers/passkey"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { handleAuth, LazyProvider, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { acme, emailLinks, freshName } from "../pages/page-app.js"
import { launchShell } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { findViolations, takePicture } from "../setup/demo-server.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { serve, type WebServer } from "../setup/web-server.js"

describe("the convert page in Chromium", () => {
  const app = new FlowApp("database")
  let chromium: Browser
  let provider: WebServer
  let served: WebServer
  const atProvider: URL[] = []
  let complaints: string[] = []

  beforeAll(async () => {
    app.database = await postgresDatabase()
    provider = await serve(async (request) => {
      atProvider.push(new URL(request.url))
      return new Response("<!doctype html><title>Acme</title>Who are you?", {
        headers: { "content-type": "text/html" },
      })
    })
    const auth = withLazy({
      ...app.config,
      experimental: { enableWebAuthn: true },
      providers: [
        LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` }),
        PasswordProvider(),
        ConvertProvider(),
        acme(`${provider.origin}/authorize`),
        emailLinks([]),
        Passkey({}) as Provider,
      ],
    })
    const page = convertPage(auth)
    served = await serve(async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith("/auth/")) return handleAuth(request, auth)
      if (pathname === "/account") return page(request)
      return new Response("<!doctype html><title>Notes</title>Notes", { headers: { "content-type": "text/html" } })
    })
    chromium = await launchShell()
  })
  afterAll(async () => {
    await chromium?.close()
    await Promise.all([served?.close(), provider?.close(), app.database?.close()])
  })
  beforeEach(() => {
    complaints = []
  })

  /** A page in which a lazy user is signed in, and the id of that user. */
  async function lazyPage(options: BrowserContextOptions = {}): Promise<{ page: Page; id: string }> {
    const context = await chromium.newContext({ baseURL: served.origin, ...options })
    const { csrfToken } = await (await context.request.get("/auth/csrf")).json()
    await context.request.post("/auth/callback/lazy", { form: { csrfToken } })
    const { user } = await (await context.request.get("/auth/session")).json()
    const page = await context.newPage()
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    page.on("pageerror", (error) => complaints.push(String(error)))
    return { page, id: user.id }
  }

  async function fillIn(page: Page, name: string, confirm = password): Promise<void> {
    await page.getByLabel("Username").fill(name)
    await page.getByLabel("Password", { exact: true }).fill(password)
    await page.getByLabel("Password again").fill(confirm)
    await page.getByRole("button", { name: "Make my account" }).click()
  }

  const screens: [string, BrowserContextOptions][] = [
    ["light", { viewport: { width: 1000, height: 1080 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1000, height: 1080 }, colorScheme: "dark" }],
    ["phone", { viewport: { width: 360, height: 740 }, colorScheme: "light", isMobile: true, hasTouch: true }],
    ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", isMobile: true, hasTouch: true }],
  ]

  it.each(screens)("has nothing for axe to find, and no scroll bar sideways: %s", async (screen, options) => {
    const { page, id } = await lazyPage(options)
    const look = async (state: string) => {
      await takePicture(page, `convert-page-${state}-${screen}`)
      expect(await findViolations(page), state).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), state).toBeLessThanOrEqual(0)
      const small = await page.evaluate(() =>
        [...document.querySelectorAll("button, input:not([type=hidden]), a.lazy-button")]
          .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
          .map((element) => element.outerHTML),
      )
      expect(small, state).toEqual([])
    }
    await page.goto("/account")
    await look("form")
    await fillIn(page, "a b")
    await look("error")
    await fillIn(page, freshName())
    await page.waitForURL("**/account?done")
    await look("done")
    const session = await (await page.request.get("/auth/session")).json()
    expect(session.user).toMatchObject({ id, isLazy: false })
    // The browser itself notes the 422 of the form that was sent back.
    expect(complaints.filter((text) => !text.includes("status of 422"))).toEqual([])
    await page.context().close()
  })

  it("works without JavaScript: a mistake, the account, the way on; no passkeys are offered", async () => {
    const { page, id } = await lazyPage({ javaScriptEnabled: false })
    await page.goto("/account")
    expect(await page.getByRole("button", { name: "passkey" }).isVisible()).toBe(false)
    expect(await page.getByRole("button", { name: "Continue with Acme" }).isVisible()).toBe(true)
    const name = freshName()
    await fillIn(page, name, "not the same at all")
    await page.getByRole("alert").getByText("The two passwords are not the same").waitFor()
    expect(await page.getByLabel("Username").inputValue()).toBe(name)
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("")
    await fillIn(page, name)
    await page.getByText(`You are signed in as ${name}.`).waitFor()
    expect((await (await page.request.get("/auth/session")).json()).user).toMatchObject({ id, isLazy: false })
    await page.getByRole("link", { name: "Continue" }).click()
    expect(await page.title()).toBe("Notes")
    await page.context().close()
  })

  it("brings focus to the field with the error, and the summary leads there", async () => {
    const { page } = await lazyPage()
    await page.goto("/account")
    await fillIn(page, freshName(), "not the same at all")
    const focused = () => page.evaluate(() => document.activeElement?.id)
    await expect.poll(focused).toBe("passwordConfirm")
    await page.getByLabel("Username").focus()
    await page.getByRole("alert").getByRole("link").click()
    await expect.poll(focused).toBe("passwordConfirm")
    await page.context().close()
  })

  it.each([true, false])(
    "goes on to another site's sign-in under a strict form-action (JavaScript: %s)",
    async (js) => {
      const { page } = await lazyPage({ javaScriptEnabled: js })
      atProvider.length = 0
      await page.goto("/account?redirectTo=/notes")
      await page.getByRole("button", { name: "Continue with Acme" }).click()
      await page.waitForURL(`${provider.origin}/**`)
      expect(atProvider[0]?.searchParams.get("redirect_uri")).toBe(`${served.origin}/auth/callback/acme`)
      const names = (await page.context().cookies(served.origin)).map(({ name }) => name)
      expect(names).toContain("authjs.pkce.code_verifier")
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )

  it("asks for an e-mail link", async () => {
    const { page } = await lazyPage()
    await page.goto("/account")
    await page.getByLabel("E-mail address for a sign-in link").fill("ada@example.com")
    await page.getByRole("button", { name: "Send me a link" }).click()
    await page.waitForURL("**/auth/verify-request?**")
    await page.context().close()
  })

  it("makes a passkey", async () => {
    const { page, id } = await lazyPage()
    const devtools = await page.context().newCDPSession(page)
    await devtools.send("WebAuthn.enable")
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto("/account?redirectTo=/notes")
    await page.getByRole("button", { name: "passkey" }).click()
    await page.waitForURL(`${served.origin}/notes`)
    expect((await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials).toHaveLength(1)
    expect(await app.count(`authenticator where "userId" = '${id}'`)).toBe(1)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it("says so when no passkey is made, and lets people try again", async () => {
    const { page } = await lazyPage()
    await page.goto("/account")
    await page.route("**/auth/webauthn-options/**", (route) => route.fulfill({ status: 200, body: "" }))
    const button = page.getByRole("button", { name: "passkey" })
    await button.click()
    await page.getByText("No passkey was made.").waitFor()
    expect(await button.isEnabled()).toBe(true)
    await page.context().close()
  })
})
