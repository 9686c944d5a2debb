import type { BrowserContext, Browser as Chromium, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { type DemoServer, readNotes, startDemo, throwAwayFolder, userAgent, writeNote } from "../setup/demo-server.js"
import { password } from "../setup/flow-app.js"
import { type HoldingProxy, requestTo, startHoldingProxy } from "../setup/holding-proxy.js"

/** The demo behind a proxy that is slow where a test wants it to be. */
describe("the demo in two tabs, behind a slow proxy", () => {
  let folder: Awaited<ReturnType<typeof throwAwayFolder>>
  let database: PostgresDatabase
  let demo: DemoServer
  let proxy: HoldingProxy
  let chromium: Chromium

  beforeAll(async () => {
    ;[folder, database, chromium] = await Promise.all([throwAwayFolder(), emptyPostgres(), launchChromium()])
    demo = await startDemo({ DEMO_DATA: folder.path, DATABASE_URL: database.url })
    proxy = await startHoldingProxy(demo.origin)
  })

  afterAll(async () => {
    await chromium?.close()
    await proxy?.close()
    await demo?.stop()
    await database?.close()
    await folder?.remove()
  })

  async function open(): Promise<BrowserContext> {
    const context = await chromium.newContext({ baseURL: proxy.origin, userAgent })
    context.setDefaultTimeout(20_000)
    return context
  }

  const users = async () => Number((await database.query(`select count(*) as n from "user"`))[0]?.n)
  const freshName = () => `tab-${crypto.randomUUID().slice(0, 8)}`

  async function fillIn(page: Page, username: string): Promise<void> {
    await page.goto("/convert")
    await page.getByLabel("Username").fill(username)
    await page.getByLabel("Password", { exact: true }).fill(password)
    await page.getByLabel("Password again").fill(password)
  }

  const submit = (page: Page) => page.getByRole("button", { name: "Make my account" })

  it("a page that was asked for before a conversion, and is answered after it, shows the account", async () => {
    const context = await open()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto("/")
    await writeNote(one, "Buy bread")
    const username = freshName()
    await fillIn(two, username)
    const count = await users()
    const holding = proxy.holdRequest(requestTo("GET", "/"))
    const late = one.goto("/")
    const held = await holding
    await submit(two).click()
    await two.getByRole("heading", { name: "Your account is ready" }).waitFor()
    held.release()
    await late
    expect(await one.locator(".name").textContent()).toBe(username)
    expect(await readNotes(one)).toEqual(["Buy bread"])
    await two.goto("/")
    expect(await two.locator(".name").textContent()).toBe(username)
    expect(await users()).toBe(count)
    await context.close()
  })

  it("a note that was sent before a conversion, and arrives after it, is kept in the account", async () => {
    const context = await open()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto("/")
    await writeNote(one, "The first one")
    const username = freshName()
    await fillIn(two, username)
    const count = await users()
    const holding = proxy.holdRequest(requestTo("POST", "/"))
    await one.getByLabel("New note").fill("Written late")
    await one.getByRole("button", { name: "Add note" }).click({ noWaitAfter: true })
    const held = await holding
    await submit(two).click()
    await two.getByRole("heading", { name: "Your account is ready" }).waitFor()
    held.release()
    await one.getByText("Written late").and(one.locator(".text")).waitFor()
    expect(await one.locator(".name").textContent()).toBe(username)
    expect(await users()).toBe(count)
    await context.close()
  })

  it("an answer that is held back while another tab converts takes nothing away", async () => {
    const context = await open()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto("/")
    await writeNote(one, "The first one")
    const username = freshName()
    await fillIn(two, username)
    const holding = proxy.holdAnswer(requestTo("GET", "/"))
    const late = one.goto("/")
    const held = await holding
    await submit(two).click()
    await two.getByRole("heading", { name: "Your account is ready" }).waitFor()
    held.release()
    await late
    await one.reload()
    expect(await one.locator(".name").textContent()).toBe(username)
    await context.close()
  })

  it("a double click on the form makes one account and signs in to it", async () => {
    const context = await open()
    const page = await context.newPage()
    await page.goto("/")
    await writeNote(page, "The first one")
    const username = freshName()
    await fillIn(page, username)
    const count = await users()
    // The browser drops the first submit for the second, which carries the old cookies. Playwright
    // would wait for the first page, so another tab says when to click.
    const other = await context.newPage()
    await other.goto("/signin")
    await page.evaluate(() => {
      const click = () => document.querySelector<HTMLButtonElement>("form .lazy-first")?.click()
      new BroadcastChannel("click").onmessage = click
    })
    const clickFirst = () => other.evaluate(() => void new BroadcastChannel("click").postMessage(""))
    const holding = proxy.holdAnswer(requestTo("POST", "/convert"))
    await clickFirst()
    const first = await holding
    await clickFirst()
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor()
    first.release()
    await page.goto("/")
    expect(await page.locator(".name").textContent()).toBe(username)
    expect(await users()).toBe(count)
    await context.close()
  })

  it("a form whose answer was lost, which Chromium sends again by itself, signs in", async () => {
    const context = await open()
    const page = await context.newPage()
    await page.goto("/")
    await writeNote(page, "The first one")
    const username = freshName()
    await fillIn(page, username)
    const count = await users()
    const lost = proxy.loseAnswer(requestTo("POST", "/convert"))
    await submit(page).click({ noWaitAfter: true })
    await lost
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor()
    await page.goto("/")
    expect(await page.locator(".name").textContent()).toBe(username)
    expect(await users()).toBe(count)
    await context.close()
  })
})
