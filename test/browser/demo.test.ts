import type { BrowserContextOptions, Browser as Chromium, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { launchShell } from "../setup/chromium.js"
import { emptyPostgres } from "../setup/databases.js"
import {
  type DemoServer,
  failDemo,
  findViolations,
  readNotes as notes,
  openDemo,
  startDemo,
  takePicture,
  throwAwayFolder,
  writeNote as write,
} from "../setup/demo-server.js"
import { password } from "../setup/flow-app.js"

let data: Awaited<ReturnType<typeof throwAwayFolder>>
let demo: DemoServer

beforeAll(async () => {
  data = await throwAwayFolder()
  demo = await startDemo({ DEMO_DATA: data.path })
})

afterAll(async () => {
  await demo?.stop()
  await data?.remove()
})

/** Stops the demo and starts it again, where it was and with what it has kept. */
async function restart(signal: "SIGINT" | "SIGKILL"): Promise<void> {
  const code = await demo.stop(signal)
  if (signal === "SIGINT") expect(code).toBe(0)
  demo = await startDemo({ DEMO_DATA: data.path, PORT: new URL(demo.origin).port })
}

describe("the demo in Chromium", () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchShell()
  })

  afterAll(() => chromium?.close())

  const open = (options: BrowserContextOptions = {}) => openDemo(chromium, demo, options)

  /** Keeps a picture of the page; checks it with axe, which is itself JavaScript. */
  async function look(page: Page, picture: string, check = true): Promise<void> {
    await takePicture(page, `demo-${picture}`)
    if (check) expect(await findViolations(page), picture).toEqual([])
  }

  it.each([
    { name: "with JavaScript", javaScriptEnabled: true },
    { name: "without JavaScript", javaScriptEnabled: false },
  ])(
    "walks the whole story $name",
    async ({ javaScriptEnabled }) => {
      const page = await open({ javaScriptEnabled })
      const see = (picture: string) => look(page, javaScriptEnabled ? picture : `plain-${picture}`, javaScriptEnabled)
      const username = javaScriptEnabled ? "ada.lovelace" : "grace.hopper"

      // Reading costs nothing, and the first note makes the lazy user.
      await page.goto("/")
      await page.getByRole("heading", { name: "Write it down" }).waitFor()
      expect((await page.context().cookies()).map(({ name }) => name)).toEqual(["authjs.csrf-token"])
      await see("1-first-visit")
      await write(page, "Buy bread")
      const guest = await page.locator(".told b").textContent()
      expect(guest).toMatch(/^guest-[a-z2-9]{10}$/)
      await write(page, "Call <b>mother</b> & ask")
      await write(page, "A note to throw away")
      await page.getByRole("link", { name: "Edit “Buy bread”" }).click()
      await see("2-edit")
      await page.getByLabel("Your note").fill("Buy bread\nand butter")
      await page.getByRole("button", { name: "Save" }).click()
      await page.getByRole("button", { name: "Delete “A note to throw away”" }).click()
      const kept = ["Call <b>mother</b> & ask", "Buy bread\nand butter"]
      await expect.poll(() => notes(page)).toEqual(kept)
      await see("3-notes")

      // A refusal changes nothing.
      await page.getByRole("link", { name: "Make an account" }).click()
      await page.getByRole("heading", { level: 1, name: "Make your account" }).waitFor()
      await see("4-convert")
      const choose = async (secret: string) => {
        await page.getByLabel("Username").fill(username)
        await page.getByLabel("Password", { exact: true }).fill(secret)
        await page.getByLabel("Password again").fill(secret)
        await page.getByRole("button", { name: "Make my account" }).click()
      }
      await choose("password")
      await page.getByText("too easy to guess").first().waitFor()
      await see("5-convert-refused")
      await page.getByRole("link", { name: "Notes", exact: true }).click()
      expect(await page.locator(".told b").textContent()).toBe(guest)
      expect(await notes(page)).toEqual(kept)

      // The page shows these notes again, now with a name.
      await page.getByRole("link", { name: "Make an account" }).click()
      await choose(password)
      await page.getByRole("heading", { name: "Your account is ready" }).waitFor()
      await see("6-converted")
      await page.getByRole("link", { name: "Continue" }).click()
      await page.getByRole("navigation").getByText(username).waitFor()
      expect(await page.locator(".told").count()).toBe(0)
      expect(await notes(page)).toEqual(kept)
      await see("7-real")

      // Session and notes outlive the process.
      await restart("SIGINT")
      await page.reload()
      expect(await notes(page)).toEqual(kept)
      await page.getByRole("navigation").getByText(username).waitFor()

      await page.getByRole("link", { name: "Sign out" }).click()
      await page.getByText("Your notes will be here when you sign in again.").waitFor()
      await see("8-sign-out")
      await page.getByRole("button", { name: "Sign out" }).click()
      await page.getByText("You are signed out.").waitFor()
      await see("9-sign-in")

      const signIn = async (secret: string) => {
        await page.getByLabel("Name").fill(username)
        await page.getByLabel("Password").fill(secret)
        await page.getByRole("button", { name: "Sign in", exact: true }).click()
      }
      await signIn("not this one")
      await page.getByRole("alert").getByText("No account has that name and password.").waitFor()
      await see("10-sign-in-refused")
      await signIn(password)
      await page.getByRole("navigation").getByText(username).waitFor()
      expect(await notes(page)).toEqual(kept)
      await page.context().close()
    },
    60_000,
  )

  it("warns lazy users before they sign out, and then they are somebody new", async () => {
    const page = await open()
    await page.goto("/")
    await write(page, "Gone soon")
    const guest = await page.locator(".told b").textContent()
    await page.getByRole("link", { name: "Sign in" }).click()
    await look(page, "sign-in-as-lazy-user")
    await page.getByRole("link", { name: "Back to your notes" }).click()
    await page.getByRole("link", { name: "Sign out" }).click()
    await page.getByRole("heading", { name: "Your notes will be lost" }).waitFor()
    await look(page, "sign-out-warning")
    await page.getByRole("link", { name: "Back to your notes" }).click()
    expect(await notes(page)).toEqual(["Gone soon"])
    await page.getByRole("link", { name: "Sign out" }).click()
    await page.getByRole("button", { name: "Sign out and lose them" }).click()
    await page.getByText("You are signed out.").waitFor()
    await page.goBack()
    await expect.poll(() => page.getByText("Gone soon").count()).toBe(0)
    await page.goto("/signin")
    await page.getByRole("link", { name: "Start writing" }).click()
    await page.getByRole("heading", { name: "Write it down" }).waitFor()
    await write(page, "Somebody new")
    expect(await page.locator(".told b").textContent()).not.toBe(guest)
    expect(await notes(page)).toEqual(["Somebody new"])
    await page.context().close()
  })

  it("fits a phone in the dark, with long words and names", async () => {
    const page = await open({ colorScheme: "dark", viewport: { width: 360, height: 740 }, isMobile: true })
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)
    await page.goto("/")
    await write(page, `https://example.com/${"very-long-".repeat(30)}`)
    expect(await fits()).toBe(true)
    await look(page, "phone-notes")
    for (const path of ["/convert", "/signin", "/signout", "/nowhere"]) {
      await page.goto(path)
      expect(await fits(), path).toBe(true)
      await look(page, `phone-${path.slice(1)}`)
    }
    await page.goto("/convert")
    await page.getByLabel("Username").fill("x".repeat(32))
    await page.getByLabel("Password", { exact: true }).fill(password)
    await page.getByLabel("Password again").fill(password)
    await page.getByRole("button", { name: "Make my account" }).click()
    await page.getByRole("link", { name: "Continue" }).click()
    await page.getByRole("navigation").getByText("x".repeat(32)).waitFor()
    expect(await fits()).toBe(true)
    await look(page, "phone-long-name")
    await page.context().close()
  })
})

describe("the demo over HTTP", () => {
  const visitor = () => new Browser(demo.origin)

  /** Sends a form as a browser does from a page of the demo. */
  const post = (browser: Browser, path: string, form: Record<string, string>, headers = {}) =>
    browser.visit(path, { form, headers: { "sec-fetch-site": "same-origin", origin: demo.origin, ...headers } })

  async function page(browser: Browser, path = "/"): Promise<string> {
    return (await browser.visit(path)).text()
  }

  /** A lazy user with one note, and the note's address. */
  async function writer(text: string): Promise<{ browser: Browser; note: string }> {
    const browser = visitor()
    await post(browser, "/", { text })
    const note = /\/notes\/[\da-f-]{36}/.exec(await page(browser))?.[0]
    if (!note) throw new Error("The note was not saved.")
    return { browser, note }
  }

  it("keeps a note that is the first thing a visitor ever sends", async () => {
    const { browser } = await writer("first")
    expect((await browser.session())?.user.isLazy).toBe(true)
    expect(await page(browser)).toContain("first")
  })

  it("shows nobody's notes to anybody else, lazy or real", async () => {
    const { browser: owner, note } = await writer("mine alone")
    const real = visitor()
    await real.signIn("convert", { username: "curious", password })
    for (const other of [visitor(), real]) {
      expect((await other.visit(note)).status).toBe(404)
      expect((await post(other, note, { text: "changed" })).status).toBe(404)
      expect((await post(other, note, { text: "" })).status).toBe(404)
      expect((await post(other, `${note}/delete`, {})).status).toBe(404)
      expect(await page(other)).not.toContain("mine alone")
    }
    expect(await page(owner)).toContain("mine alone")
  })

  it("refuses forms of other sites, and of other ports of this one", async () => {
    const { browser, note } = await writer("safe")
    for (const [path, headers] of [
      ["/", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
      ["/", { "sec-fetch-site": "same-site", origin: "http://localhost:1" }],
      [note, { "sec-fetch-site": "", origin: "https://evil.example" }],
      [`${note}/delete`, { "sec-fetch-site": "", origin: "null" }],
    ] as [string, Record<string, string>][]) {
      const answer = await post(browser, path, { text: "planted" }, headers)
      expect(answer.status).toBe(403)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    expect(await page(browser)).toContain("safe")
    expect(await page(browser)).not.toContain("planted")
  })

  it("bounds notes, and gives back what it refuses", async () => {
    const { browser, note } = await writer("short")
    for (const path of ["/", note]) {
      for (const text of ["", " \n ", "\0"]) {
        const answer = await post(browser, path, { text })
        expect(answer.status).toBe(422)
        expect(await answer.text()).toContain("Write something first.")
      }
      const long = await post(browser, path, { text: `long <${"x".repeat(2000)}` })
      expect(long.status).toBe(422)
      expect(await long.text()).toContain(`long &lt;${"x".repeat(2000)}`)
      expect((await post(browser, path, { text: "x".repeat(100_000) })).status).toBe(413)
    }
    expect((await post(browser, "/", { text: "🗒".repeat(2000) })).status).toBe(303)
    expect(await page(browser)).toContain("🗒".repeat(2000))
    expect(await page(browser)).not.toContain("xxx")
  })

  it("escapes what people write, wherever it stands", async () => {
    const { browser, note } = await writer(`"><script>alert(1)</script></textarea>`)
    for (const path of ["/", note]) expect(await page(browser, path)).not.toContain("<script>")
  })

  it("says what is not there, and makes nobody for it", async () => {
    for (const path of ["/nowhere", "/notes", "/notes/1", "/notes/%00", "/favicon.ico"]) {
      const answer = await visitor().visit(path)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await answer.text()).toContain("There is nothing here")
    }
    const undecodable = await visitor().visit("/notes/%E0%A4%A")
    expect(undecodable.status).toBe(400)
    expect(await undecodable.text()).toContain("That didn’t work")
  })

  it("makes nobody of a bot, even one that writes, or of someone who only reads", async () => {
    const bot = visitor()
    const headers = { "user-agent": "Googlebot/2.1" }
    expect(await (await bot.visit("/", { headers })).text()).toContain("Write it down")
    expect((await post(bot, "/", { text: "spam" }, headers)).status).toBe(403)
    expect(await bot.sessionCookie()).toBeUndefined()
    const passerBy = visitor()
    expect(await page(passerBy)).toContain("Write it down")
    expect(await page(passerBy, "/signin")).toContain("New here?")
    expect((await passerBy.visit("/signout")).headers.get("location")).toBe("/signin")
    expect(await passerBy.sessionCookie()).toBeUndefined()
  })

  it("sends real users away from where they have nothing to do", async () => {
    const browser = visitor()
    await browser.signIn("convert", { username: "settled", password })
    for (const path of ["/signin", "/convert"])
      expect((await browser.visit(path)).headers.get("location"), path).toMatch(/^\//)
  })

  it("forbids scripts, frames and caching on every page of its own, but for the script of the sign-in page", async () => {
    for (const path of ["/", "/signin", "/check-mail", "/mail", "/nowhere"]) {
      const { headers } = await visitor().visit(path)
      const scripts = /script-src [^;]+/.exec(headers.get("content-security-policy") ?? "")?.[0]
      expect(scripts, path).toEqual(path === "/signin" ? expect.stringMatching(/^script-src 'nonce-\S+'$/) : undefined)
      expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
      expect(headers.get("cache-control")).toContain("no-store")
    }
  })

  it("keeps everything when the process is killed", async () => {
    const { browser } = await writer("written just before")
    await restart("SIGKILL")
    expect(await page(browser)).toContain("written just before")
  })
})

describe("starting the demo", () => {
  it("runs on a PostgreSQL server, and finds everything there again", async () => {
    const database = await emptyPostgres()
    const folder = await throwAwayFolder()
    const env = { DATABASE_URL: database.url, DEMO_DATA: folder.path }
    let server = await startDemo(env)
    try {
      const browser = new Browser(server.origin)
      await browser.visit("/", { form: { text: "on a server" } })
      await browser.signIn("convert", { username: "ada", password })
      expect(await server.stop()).toBe(0)
      server = await startDemo({ ...env, PORT: new URL(server.origin).port })
      expect(await (await browser.visit("/")).text()).toContain("on a server")
      const elsewhere = new Browser(server.origin)
      await elsewhere.signIn("password", { username: "ada", password })
      expect(await (await elsewhere.visit("/")).text()).toContain("on a server")
      // Notes go with their user.
      await database.query(`delete from "user"`)
      expect(await database.query("select * from note")).toEqual([])
    } finally {
      await server.stop()
      await folder.remove()
      await database.close()
    }
  }, 60_000)

  it("says so when the port, or the folder, is in use", async () => {
    const [folder, database] = await Promise.all([throwAwayFolder(), emptyPostgres()])
    const env = { DEMO_DATA: folder.path, DATABASE_URL: database.url }
    try {
      const busy = await failDemo({ ...env, PORT: new URL(demo.origin).port })
      expect(busy.code).toBe(1)
      expect(busy.output).toMatch(/^Port \d+ is in use\. Take another: PORT=\d+ npm run demo\n$/)
      const second = await failDemo({ DEMO_DATA: data.path, PORT: "0" })
      expect(second.code).toBe(1)
      expect(second.output).toMatch(/^Process \d+ is using .*\n$/)
    } finally {
      await Promise.all([folder.remove(), database.close()])
    }
  }, 60_000)
})
