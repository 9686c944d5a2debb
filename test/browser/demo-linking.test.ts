import type { Browser as Chromium, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { launchShell } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import {
  type DemoServer,
  findViolations,
  openDemo,
  readNotes,
  startDemo,
  takePicture,
  throwAwayFolder,
  writeNote,
} from "../setup/demo-server.js"
import { password } from "../setup/flow-app.js"
import { Mailbox } from "../setup/mailbox.js"

let data: Awaited<ReturnType<typeof throwAwayFolder>>
let notes: PostgresDatabase
let demo: DemoServer

beforeAll(async () => {
  ;[data, notes] = await Promise.all([throwAwayFolder(), emptyPostgres()])
  demo = await startDemo({ DEMO_DATA: data.path, DATABASE_URL: notes.url })
})

afterAll(async () => {
  await demo?.stop()
  await Promise.all([data?.remove(), notes?.close()])
})

const STAND_IN = "Continue with a stand-in for GitHub or Google"

describe("other ways to an account, in the demo in Chromium", () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchShell()
  })

  afterAll(() => chromium?.close())

  async function look(page: Page, picture: string): Promise<void> {
    await takePicture(page, `demo-${picture}`)
    expect(await findViolations(page), picture).toEqual([])
  }

  const userOf = async (page: Page) => (await (await page.request.get("/auth/session")).json())?.user

  /** A lazy user with a note, on the convert page; returns the user. */
  async function goConvert(page: Page, text: string) {
    await page.goto("/")
    await writeNote(page, text)
    const user = await userOf(page)
    expect(user.isLazy).toBe(true)
    await page.getByRole("link", { name: "Make an account" }).click()
    await page.getByRole("heading", { name: "Make your account" }).waitFor()
    return user
  }

  async function arrive(page: Page): Promise<void> {
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor()
    await page.getByRole("link", { name: "Continue" }).click()
    await page.getByRole("heading", { name: "Your notes" }).waitFor()
  }

  async function signOut(page: Page): Promise<void> {
    await page.getByRole("link", { name: "Sign out" }).click()
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.getByText("You are signed out.").waitFor()
  }

  it.each([
    { name: "with JavaScript", javaScriptEnabled: true, person: "Mina Okafor" },
    { name: "without JavaScript", javaScriptEnabled: false, person: "Jonas Weber" },
  ])(
    "converts by the stand-in for GitHub or Google, which knows people again after a restart: $name",
    async ({ javaScriptEnabled, person }) => {
      const page = await openDemo(chromium, demo, { javaScriptEnabled })
      const lazy = await goConvert(page, "Linked soon")
      if (javaScriptEnabled) await look(page, "link-1-convert")
      await page.getByRole("button", { name: STAND_IN }).click()
      await page.getByRole("heading", { name: "Who are you?" }).waitFor()
      expect(new URL(page.url()).hostname).toBe("127.0.0.1")
      expect(await page.getByRole("banner").textContent()).toContain("A stand-in for GitHub or Google.")
      if (javaScriptEnabled) await look(page, "link-2-stand-in")
      await page.getByRole("button", { name: `Continue as ${person}` }).click()
      await arrive(page)
      expect(await userOf(page)).toMatchObject({ id: lazy.id, isLazy: false, name: person })
      expect(await readNotes(page)).toEqual(["Linked soon"])
      // Nothing but where it is: neither Auth.js nor the provider has had anything to warn about.
      expect(demo.output).toEqual([
        `The notes are on ${demo.origin}`,
        "They are kept in the database of DATABASE_URL. Ctrl-C stops.",
      ])

      await signOut(page)
      expect(await demo.stop()).toBe(0)
      demo = await startDemo({ DEMO_DATA: data.path, DATABASE_URL: notes.url, PORT: new URL(demo.origin).port })
      await page.goto("/signin")
      if (javaScriptEnabled) await look(page, "link-3-sign-in")
      await page.getByRole("button", { name: STAND_IN }).click()
      await page.getByRole("button", { name: `Continue as ${person}` }).click()
      await page.getByRole("navigation").getByText(person).waitFor()
      expect(await userOf(page)).toMatchObject({ id: lazy.id })
      expect(await readNotes(page)).toEqual(["Linked soon"])
      await page.context().close()
    },
    90_000,
  )

  it("takes people who type who they are, or think better of it, or are refused", async () => {
    const page = await openDemo(chromium, demo)
    const lazy = await goConvert(page, "By a typed name")
    await page.getByRole("button", { name: STAND_IN }).click()
    await page.getByRole("button", { name: "Go back without signing in" }).click()
    await page.getByRole("alert").getByText("Nobody was signed in.").waitFor()
    expect(await userOf(page)).toEqual(lazy)

    await page.getByRole("button", { name: STAND_IN }).click()
    await page.getByLabel("Name").fill("Ada Lovelace")
    await page.getByLabel("E-mail address").fill("ada@nowhere")
    await page.getByRole("button", { name: "Continue", exact: true }).click()
    await page.getByRole("navigation").getByText("Ada Lovelace").waitFor()
    expect(await userOf(page)).toMatchObject({ id: lazy.id, name: "Ada Lovelace", email: "ada@nowhere" })
    await signOut(page)

    // Naming the address at the stand-in provider must not open an account made by an e-mail link.
    await askForLink(page, "grace@example.com")
    await page.getByRole("link", { name: "Open the stand-in inbox" }).click()
    await page.locator(".notes a").first().click()
    await page.getByRole("navigation").getByText("grace@example.com").waitFor()
    await signOut(page)
    await page.getByRole("button", { name: STAND_IN }).click()
    await page.getByLabel("Name").fill("Not Grace")
    await page.getByLabel("E-mail address").fill("Grace@example.com")
    await page.getByRole("button", { name: "Continue", exact: true }).click()
    await page.getByRole("alert").getByText("Another account has that e-mail address.").waitFor()
    await look(page, "link-refused")
    expect(await userOf(page)).toBeUndefined()
    await page.context().close()
  })

  it("brings the notes of a lazy user into the account that was there before", async () => {
    const page = await openDemo(chromium, demo)
    await goConvert(page, "From before")
    await page.getByLabel("Username").fill("was.here.before")
    await page.getByLabel("Password", { exact: true }).fill(password)
    await page.getByLabel("Password again").fill(password)
    await page.getByRole("button", { name: "Make my account" }).click()
    await arrive(page)
    const real = await userOf(page)
    await signOut(page)

    await page.getByRole("link", { name: "Start writing" }).click()
    await writeNote(page, "From today")
    const lazy = await userOf(page)
    expect(lazy.id).not.toBe(real.id)
    await page.getByRole("link", { name: "Sign in" }).click()
    await page.getByText("(1 note) comes along").waitFor()
    await look(page, "link-merge")
    await page.getByLabel("Name", { exact: true }).fill("was.here.before")
    await page.getByLabel("Password").fill(password)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    await page.getByRole("navigation").getByText("was.here.before").waitFor()
    expect(await userOf(page)).toMatchObject({ id: real.id, isLazy: false })
    expect(await readNotes(page)).toEqual(["From today", "From before"])
    await page.context().close()
  })

  async function askForLink(page: Page, address: string): Promise<void> {
    await page.getByLabel("E-mail address for a sign-in link").fill(address)
    await page.getByRole("button", { name: "Send me a link" }).click()
    await page.getByRole("heading", { name: "Check your mail" }).waitFor()
  }

  it.each([true, false])("sends a link to the stand-in inbox; JavaScript: %s", async (javaScriptEnabled) => {
    const page = await openDemo(chromium, demo, { javaScriptEnabled })
    const address = `lin-${javaScriptEnabled}@example.com`
    if (javaScriptEnabled) {
      await page.goto("/mail")
      await look(page, "mail-1-inbox")
    }
    const lazy = await goConvert(page, "By a link")
    await askForLink(page, address)
    if (javaScriptEnabled) await look(page, "mail-2-check")
    await page.getByRole("link", { name: "Open the stand-in inbox" }).click()
    await page.getByRole("heading", { name: "Stand-in inbox" }).waitFor()
    const mail = page.getByRole("listitem").filter({ hasText: address })
    if (javaScriptEnabled) await look(page, "mail-3-inbox")
    const link = (await mail.getByRole("link").getAttribute("href")) ?? ""
    await mail.getByRole("link").click()
    await arrive(page)
    expect(await userOf(page)).toMatchObject({ id: lazy.id, isLazy: false, email: address })
    expect(await readNotes(page)).toEqual(["By a link"])

    await signOut(page)
    // A link works once.
    await page.goto(link)
    await page.getByRole("alert").getByText("That link has been used already").waitFor()
    await askForLink(page, address)
    await page.getByRole("link", { name: "Open the stand-in inbox" }).click()
    await mail.first().getByRole("link").click()
    await page.getByRole("navigation").getByText(address).waitFor()
    expect(await readNotes(page)).toEqual(["By a link"])
    await page.context().close()
  })

  it("converts by a passkey, and signs in with it", async () => {
    const page = await openDemo(chromium, demo)
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
    const lazy = await goConvert(page, "By a passkey")
    await page.getByRole("button", { name: "Continue with a passkey" }).click()
    await arrive(page)
    expect(await userOf(page)).toMatchObject({ id: lazy.id, isLazy: false })
    expect(await readNotes(page)).toEqual(["By a passkey"])
    await signOut(page)

    const usePasskey = page.getByRole("button", { name: "Sign in with a passkey" })
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false })
    await usePasskey.click()
    await page.getByRole("alert").getByText("No passkey was used.").waitFor()
    await look(page, "passkey-refused")
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true })
    await usePasskey.click()
    await page.getByRole("navigation").getByText(lazy.username).waitFor()
    expect(await userOf(page)).toMatchObject({ id: lazy.id })
    expect(await readNotes(page)).toEqual(["By a passkey"])
    await page.context().close()
  })

  it("fits a phone in the dark", async () => {
    const page = await openDemo(chromium, demo, {
      colorScheme: "dark",
      viewport: { width: 360, height: 740 },
      isMobile: true,
    })
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)
    await page.goto("/signin")
    await askForLink(page, `${"very-long-".repeat(5)}@example.com`)
    for (const path of ["/check-mail", "/mail", "/signin"]) {
      await page.goto(path)
      expect(await fits(), path).toBe(true)
      await look(page, `phone-${path.slice(1)}`)
    }
    await page.getByRole("button", { name: STAND_IN }).click()
    await page.getByRole("heading", { name: "Who are you?" }).waitFor()
    expect(await fits()).toBe(true)
    await look(page, "phone-stand-in")
    await page.context().close()
  })
})

describe("the helpers of the demo over HTTP", () => {
  /** The page of the stand-in provider, reached from the convert page. */
  async function goToStandIn(): Promise<{ atProvider: Browser; page: string }> {
    const app = new Browser(demo.origin)
    const csrfToken = await app.csrfToken()
    const leaving = await app.visit("/convert", { form: { csrfToken, provider: "stand-in" } })
    const url = new URL((/0;url=([^"]+)"/.exec(await leaving.text())?.[1] ?? "").replaceAll("&amp;", "&"))
    const atProvider = new Browser(url.origin)
    const answer = await atProvider.visit(url.href)
    return { atProvider, page: answer.headers.get("location") ?? "" }
  }

  const own = (browser: Browser) => ({ origin: browser.origin, "sec-fetch-site": "same-origin" })

  it("lets the stand-in's form lead to the app and nowhere else, and no other site send it", async () => {
    const { atProvider, page } = await goToStandIn()
    const asked = await atProvider.visit(page)
    expect(asked.headers.get("content-security-policy")).toContain(`form-action 'self' ${demo.origin};`)
    const planted = await atProvider.visit(page, {
      form: { email: "mina@example.com" },
      headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    })
    expect(planted.status).toBe(403)
    const incomplete: Record<string, string>[] = [
      {},
      { name: "Ada", email: "not an address" },
      { name: "", email: "a@b" },
    ]
    for (const form of incomplete) {
      const refused = await atProvider.visit(page, { form, headers: own(atProvider) })
      expect(refused.status).toBe(422)
      expect(await refused.text()).toContain('role="alert"')
    }
    const markup = { name: "<script>", email: '"><script>' }
    const escaped = await atProvider.visit(page, { form: markup, headers: own(atProvider) })
    expect(await escaped.text()).not.toContain("<script>")
  })

  it("says so, instead of signing anybody in, when a sign-in is not this browser's or another app's", async () => {
    const { atProvider, page } = await goToStandIn()
    const stranger = new Browser(atProvider.origin)
    for (const form of [undefined, { email: "mina@example.com" }]) {
      const answer = await stranger.visit(page, { form, headers: own(stranger) })
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain("This sign-in is over")
    }
    const elsewhere = "/auth?client_id=notes&response_type=code&scope=openid&redirect_uri=https://evil.example/"
    const answer = await stranger.visit(elsewhere)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain("This sign-in is over")
  })

  describe("where the environment has a mail server, GitHub and Google", () => {
    let server: DemoServer
    let mailbox: Mailbox
    let database: PostgresDatabase
    let folder: typeof data

    beforeAll(async () => {
      ;[mailbox, database, folder] = await Promise.all([Mailbox.start(), emptyPostgres(), throwAwayFolder()])
      const names = ["AUTH_GITHUB_ID", "AUTH_GITHUB_SECRET", "AUTH_GOOGLE_ID", "AUTH_GOOGLE_SECRET"]
      server = await startDemo({
        DEMO_DATA: folder.path,
        DATABASE_URL: database.url,
        EMAIL_SERVER: mailbox.url,
        ...Object.fromEntries(names.map((name) => [name, `test-${name}`])),
      })
    })
    afterAll(async () => {
      await server?.stop()
      await Promise.all([mailbox.close(), database.close(), folder.remove()])
    })

    it("sends real mail, and has no inbox", async () => {
      const browser = new Browser(server.origin)
      const form = { csrfToken: await browser.csrfToken(), email: "ada@example.com" }
      const sent = await browser.visit("/auth/signin/nodemailer", { form })
      expect(sent.headers.get("location")).toContain("/auth/verify-request")
      const told = await browser.visit("/check-mail")
      expect(await told.text()).not.toContain("/mail")
      expect((await browser.visit("/mail")).status).toBe(404)
      await browser.visit(await mailbox.linkFor("ada@example.com"))
      expect((await browser.session())?.user).toMatchObject({ email: "ada@example.com", isLazy: false })
    })

    it("offers GitHub and Google", async () => {
      const plain = await new Browser(demo.origin).visit("/signin")
      expect(await plain.text()).not.toMatch(/Continue with (GitHub|Google)/)
      const browser = new Browser(server.origin)
      for (const path of ["/signin", "/convert"]) {
        const page = await (await browser.visit(path)).text()
        for (const name of ["GitHub", "Google", "a stand-in for GitHub or Google"])
          expect(page).toContain(`Continue with ${name}`)
      }
      const csrfToken = await browser.csrfToken()
      const leaving = await browser.visit("/convert", { form: { csrfToken, provider: "github" } })
      expect(await leaving.text()).toMatch(/https:\/\/github\.com\/login\/oauth\/authorize\?.*test-AUTH_GITHUB_ID/)
    })
  })
})
