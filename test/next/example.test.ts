import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import type { BrowserContextOptions, Browser as Chromium, Locator, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { launchShell } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { findViolations, takePicture, userAgent } from "../setup/demo-server.js"
import { password } from "../setup/flow-app.js"
import { requestTo, startHoldingProxy } from "../setup/holding-proxy.js"
import { Mailbox } from "../setup/mailbox.js"
import { OpenIdProvider, type Person } from "../setup/openid-provider.js"
import { seeComponents, seeRefusals, useLink, usePasskey } from "./components.js"
import { type BuiltApp, buildNextApp, freePort, type StartedApp } from "./next-app.js"

const source = fileURLToPath(new URL("../../docs/examples/next", import.meta.url))

/** Known to the app that runs; `next build` had no secret at all. */
const cronSecret = "a secret of the scheduler".replaceAll(" ", "-")

let built: BuiltApp
let database: PostgresDatabase
let openId: OpenIdProvider
let mailbox: Mailbox
let app: StartedApp

beforeAll(async () => {
  const port = await freePort()
  ;[built, database, openId, mailbox] = await Promise.all([
    // By Turbopack; base-path.test.ts builds with webpack.
    buildNextApp(source),
    emptyPostgres(),
    OpenIdProvider.start([`http://127.0.0.1:${port}/api`]),
    Mailbox.start(),
  ])
  await database.query(await readFile(`${source}/database/tables.sql`, "utf8"))
  app = await built.start(port, {
    DATABASE_URL: database.url,
    AUTH_SECRET: "a secret that is long enough for anybody",
    AUTH_TRUST_HOST: "true",
    CRON_SECRET: cronSecret,
    OPENID_ID: "one",
    OPENID_NAME: "Example ID",
    OPENID_ISSUER: openId.issuer,
    OPENID_CLIENT: "one",
    OPENID_SECRET: "secret of one",
    EMAIL_SERVER: mailbox.url,
    PASSKEY_ORIGIN: `http://localhost:${port}`,
  })
}, 600_000)

afterAll(async () => {
  await app?.close()
  await openId?.close()
  await mailbox?.close()
  await database?.close()
  await built?.remove()
})

const users = async () => Number((await database.query(`select count(*) as n from "user"`))[0]?.n)
const user = async (where: string) => (await database.query(`select * from "user" where ${where}`))[0]

describe("the example in Chromium", () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchShell()
  })

  afterAll(() => chromium?.close())

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await chromium.newContext({
      baseURL: app.origin,
      userAgent,
      viewport: { width: 900, height: 700 },
      ...options,
    })
    context.setDefaultTimeout(20_000)
    return context.newPage()
  }

  async function look(page: Page, picture: string): Promise<void> {
    // While React goes from page to page there is none for a moment.
    await expect.poll(() => page.title()).toBe("Notebook")
    await takePicture(page, `next-${picture}`)
    expect(await findViolations(page), picture).toEqual([])
  }

  /** Waits until React has taken over an element of the server: links then go through Next's router. */
  const waitForReact = (element: Locator) =>
    expect
      .poll(() => element.evaluate((node) => Object.keys(node).some((key) => key.startsWith("__reactProps"))))
      .toBe(true)

  const lazyName = (page: Page) => page.locator("[data-slot=lazy-banner] b").textContent()

  async function write(page: Page, label: string, text: string): Promise<void> {
    await page.getByLabel(label).fill(text)
    await page.getByRole("button", { name: "Send" }).click()
    await page.locator(".messages").getByText(text).waitFor()
  }

  async function fill(page: Page, email: string, button: string, secret = password): Promise<void> {
    await page.getByLabel("E-mail").first().fill(email)
    await page.getByLabel("Password").fill(secret)
    await page.getByRole("button", { name: button }).click()
  }

  it.each([
    ["with JavaScript", true],
    ["without JavaScript", false],
  ])(
    "writes at once, signs up, signs out and in again, %s",
    async (_, javaScriptEnabled) => {
      const page = await open({ javaScriptEnabled })
      const see = async (picture: string) => {
        if (javaScriptEnabled) await look(page, picture)
      }
      const email = javaScriptEnabled ? "ada@example.com" : "grace@example.com"
      const before = await users()

      await page.goto("/")
      await page.getByText("you need no account for it").waitFor()
      expect(await page.locator("[data-slot=lazy-banner]").count()).toBe(0)
      await see("1-first-visit")
      expect(await users()).toBe(before)

      await write(page, "Start a new notebook", "Things to read")
      const name = await lazyName(page)
      expect(name).toMatch(/^guest-[a-z2-9]{10}$/)
      const { id } = (await user(`username = '${name}'`)) as { id: string }
      expect(await users()).toBe(before + 1)
      await write(page, "Write on", "Middlemarch <b>twice</b>")
      await see("2-messages")
      const notebook = page.url()
      await page.reload()
      expect(await page.locator(".messages li").allTextContents()).toEqual([
        "Things to read",
        "Middlemarch <b>twice</b>",
      ])
      expect(await lazyName(page)).toBe(name)

      // Only for real users.
      await page.goto("/profile")
      await page.getByRole("heading", { name: "Make your account" }).waitFor()
      await see("3-convert")
      await fill(page, email, "Make my account", "password")
      await page.getByText("too easy to guess").waitFor()
      await fill(page, email, "Make my account")
      await page.getByRole("link", { name: email }).waitFor()
      expect(await page.locator("[data-slot=lazy-banner]").count()).toBe(0)
      expect(await user(`id = '${id}'`)).toMatchObject({ email, username: null, convertedAt: expect.anything() })
      await see("4-converted")

      await page.getByRole("link", { name: email }).click()
      await page.getByLabel("Name").fill("Somebody")
      await page.getByRole("button", { name: "Save" }).click()
      await page.getByRole("link", { name: "Somebody" }).or(page.locator("input[value=Somebody]")).first().waitFor()
      await see("5-profile")

      await page.getByRole("button", { name: "Sign out" }).click()
      await page.getByRole("heading", { name: "Sign in" }).waitFor()
      await fill(page, email, "Sign in", "not the password")
      await page.getByText("The address or the password is wrong.").waitFor()
      await see("6-sign-in")
      await fill(page, email, "Sign in")
      await page.getByRole("link", { name: "Somebody" }).waitFor()
      // What React streams in later is shown by a script.
      if (javaScriptEnabled) await page.getByRole("link", { name: "Things to read" }).click()
      else await page.goto(notebook)
      await page.getByText("Middlemarch <b>twice</b>").waitFor()
      expect(await users()).toBe(before + 1)
      await page.context().close()
    },
    90_000,
  )

  /** What the provider's own pages would do, were there any. */
  async function signInAs(page: Page, person: Person): Promise<void> {
    await page.route(`${openId.issuer}/**`, async (route) => {
      const location = await openId.walk(route.request().url(), person)
      await route.fulfill({ status: 302, headers: { location } })
    })
  }

  it("converts by an OpenID provider, under the same id", async () => {
    const page = await open()
    await signInAs(page, { sub: "person-1", name: "Alan", email: "alan@example.com", email_verified: true })
    await page.goto("/")
    await write(page, "Start a new notebook", "On computable numbers")
    const { id } = (await user(`username = '${await lazyName(page)}'`)) as { id: string }
    await page.getByRole("link", { name: "Make an account" }).click()
    await page.getByRole("button", { name: "Continue with Example ID" }).click()
    await page.getByRole("link", { name: "Alan" }).waitFor()
    // Back where the banner's link was.
    await page.locator(".messages").getByText("On computable numbers").waitFor()
    expect(await user(`id = '${id}'`)).toMatchObject({ email: "alan@example.com", convertedAt: expect.anything() })

    // The same person in another browser, whose notebooks move into the account.
    const phone = await open()
    await signInAs(phone, { sub: "person-1" })
    await phone.goto("/")
    await write(phone, "Start a new notebook", "On morphogenesis")
    const lazy = (await user(`username = '${await lazyName(phone)}'`)) as { id: string }
    await phone.goto("/signin")
    await phone.getByRole("button", { name: "Continue with Example ID" }).click()
    await phone.getByRole("link", { name: "On computable numbers" }).waitFor()
    await phone.getByRole("link", { name: "On morphogenesis" }).waitFor()
    expect(await user(`id = '${lazy.id}'`)).toBeUndefined()
    await page.context().close()
    await phone.context().close()
  }, 60_000)

  it("shows each component of the registry, light and dark", async () => {
    await seeComponents(await open())
  }, 120_000)

  it("shows a refusal beside the way that was tried, without JavaScript", async () => {
    await seeRefusals(await open({ javaScriptEnabled: false }), openId)
  }, 60_000)

  it("converts by a passkey, and by an e-mail link, under the same id", async () => {
    // Passkeys need a name for the site.
    const baseURL = app.origin.replace("127.0.0.1", "localhost")
    await usePasskey(await open({ baseURL }))
    await useLink(await open(), mailbox)
    expect(await user("email = 'link@example.com'")).toMatchObject({ emailVerified: expect.anything() })
  }, 60_000)

  it("shows in a prerendered page who is there, as soon as the browser knows", async () => {
    const page = await open()
    const errors: Error[] = []
    page.on("pageerror", (error) => errors.push(error))
    const openAbout = async () => {
      const answer = await page.goto("/about")
      expect(answer?.headers()["x-nextjs-prerender"]).toMatch(/^1/)
      const html = await answer?.text()
      expect(html).toContain("How it works")
      expect(html).not.toMatch(/"isLazy":|data-slot="lazy-banner"/)
    }
    const before = await users()
    await openAbout()
    await page.locator("header").getByRole("link", { name: "Sign in" }).waitFor()
    expect(await users()).toBe(before)

    await page.getByRole("link", { name: "Start writing" }).click()
    await write(page, "Start a new notebook", "Prerendered")
    const name = await lazyName(page)
    await openAbout()
    await expect.poll(() => lazyName(page)).toBe(name)

    await page.getByRole("link", { name: "Make an account" }).click()
    await fill(page, "prerendered@example.com", "Make my account")
    // The form leads back to the page where the banner was.
    await page.waitForURL("**/about")
    await page.getByRole("link", { name: "prerendered@example.com" }).waitFor()
    expect(await page.locator("[data-slot=lazy-banner]").count()).toBe(0)
    expect(await users()).toBe(before + 1)
    expect(errors).toEqual([])
    await page.context().close()
  }, 60_000)

  it("shows the account to a page that was asked for before a conversion, and is answered after it", async () => {
    const proxy = await startHoldingProxy(app.origin)
    const context = await chromium.newContext({ baseURL: proxy.origin, userAgent })
    context.setDefaultTimeout(20_000)
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto("/")
    await write(one, "Start a new notebook", "In two tabs")
    await two.goto("/account")
    const before = await users()
    const holding = proxy.holdRequest(requestTo("GET", "/"))
    const late = one.goto("/")
    const held = await holding
    await fill(two, "late@example.com", "Make my account")
    await two.getByRole("link", { name: "late@example.com" }).waitFor()
    held.release()
    await late
    await one.getByRole("link", { name: "late@example.com" }).waitFor()
    expect(await users()).toBe(before)
    await context.close()
    await proxy.close()
  })

  it("shows each new session in the header that is there, in every tab, without a reload", async () => {
    const page = await open()
    const other = await page.context().newPage()
    const before = await users()
    for (const tab of [page, other]) {
      await tab.goto("/signin")
      await waitForReact(tab.locator("header a").first())
      await tab.evaluate(() => Object.assign(window, { wasThere: true }))
    }
    expect(await users()).toBe(before)

    // The router goes to a public page and makes nobody; the server action there makes a lazy user.
    await page.getByRole("link", { name: "Just start writing" }).click()
    await page.getByText("you need no account for it").waitFor()
    expect(await users()).toBe(before)
    await write(page, "Start a new notebook", "Header")
    await page.locator("[data-slot=lazy-banner] b").waitFor()
    expect(await users()).toBe(before + 1)
    await expect.poll(() => lazyName(other)).toBe(await lazyName(page))

    // A server action converts, and comes back to where the banner's link was.
    const notebook = page.url()
    await page.getByRole("link", { name: "Make an account" }).click()
    await fill(page, "header@example.com", "Make my account", "password")
    await page.getByText("too easy to guess").waitFor()
    await page.locator("[data-slot=lazy-banner] b").waitFor()
    await fill(page, "header@example.com", "Make my account")
    await page.waitForURL(notebook)
    for (const tab of [page, other]) {
      await tab.getByRole("link", { name: "header@example.com" }).waitFor()
      expect(await tab.locator("[data-slot=lazy-banner]").count()).toBe(0)
    }

    // Actions that stay on the page, and one that signs out.
    await page.getByRole("link", { name: "header@example.com" }).click()
    await page.getByLabel("Name").fill("Hedy")
    await page.getByRole("button", { name: "Save" }).click()
    for (const tab of [page, other]) await tab.getByRole("link", { name: "Hedy" }).waitFor()
    await page.getByRole("button", { name: "Sign out" }).click()
    for (const tab of [page, other]) await tab.locator("header").getByRole("link", { name: "Sign in" }).waitFor()

    for (const tab of [page, other]) expect(await tab.evaluate(() => "wasThere" in window)).toBe(true)
    expect(await users()).toBe(before + 1)
    await page.context().close()
  }, 60_000)
})

it("answers API calls of somebody who has no account with 401 and 403, and of somebody who has with the data", async () => {
  const browser = new Browser(app.origin)
  const api = { accept: "application/json" }
  expect((await browser.visit("/api/notebooks", { headers: api })).status).toBe(401)
  await browser.visit("/", {
    form: { text: "first" },
    headers: { "sec-fetch-site": "same-origin", origin: app.origin },
  })
  const refused = await browser.visit("/api/notebooks", { headers: api })
  expect([refused.status, await refused.json()]).toEqual([403, { error: "real-required" }])
})

it("purges for the scheduler alone, although its build had no secret", async () => {
  const ask = (headers: HeadersInit) => fetch(`${app.origin}/api/purge`, { headers })
  expect((await ask({})).status).toBe(401)
  const answer = await ask({ authorization: `Bearer ${cronSecret}` })
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ purged: 0, failures: 0 })])
})

describe("the router", () => {
  const router = { rsc: "1", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }

  it("makes nobody by loading a page ahead, whatever it loads of it", async () => {
    const before = await users()
    for (const kind of ["1", "2", "3"])
      for (const segment of ["", "/_tree"]) {
        const headers = { ...router, "next-router-prefetch": kind, "next-router-segment-prefetch": segment }
        const answer = await new Browser(app.origin).visit("/", { headers })
        expect(answer.headers.getSetCookie()).toEqual([])
      }
    expect(await users()).toBe(before)
  })

  it("makes nobody by going to a public page", async () => {
    const browser = new Browser(app.origin)
    const before = await users()
    const sent = await browser.visit("/", { headers: router })
    // Next has a word of its own for what the router asks, which this test doesn't know.
    const location = sent.headers.get("location")
    const answer = location ? await browser.visit(location, { headers: router }) : sent
    expect(await users()).toBe(before)
    expect(answer.headers.get("content-type")).toContain("text/x-component")
    expect(await answer.text()).not.toContain('"isLazy":true')
  })
})

it("logs nothing but the passwords that were refused, and the provider that was away once", () => {
  const problems = app
    .output()
    .split("\n")
    .filter((line) => /⨯|\[auth\]|^\w*Error/.test(line))
    // Auth.js says at every request that its passkeys may change.
    .filter((line) => !/experimental-webauthn/.test(line))
  expect(problems.filter((line) => !line.includes("CredentialsSignin"))).toEqual([
    expect.stringContaining("fetch failed"),
    expect.stringContaining("[auth][cause]"),
  ])
})
