import { existsSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import type { Browser, BrowserContextOptions } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { repository } from "../../.vitepress/links.js"
import { root } from "../docs/pages.js"
import { launchShell } from "../setup/chromium.js"
import { findViolations, takePicture } from "../setup/demo-server.js"
import { serve, type WebServer } from "../setup/web-server.js"

const built = join(root, ".vitepress/dist")
const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
}

describe("the site in Chromium", () => {
  let chromium: Browser
  let site: WebServer

  beforeAll(async () => {
    if (!existsSync(join(built, "llms.txt"))) throw new Error("The site is not built: run `npm run docs:build` first.")
    // As static hosts do, GitHub Pages among them.
    site = await serve(async (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname)
      const file = [path, `${path}.html`, `${path}index.html`].find((path) => extname(path) && existsSync(built + path))
      if (file === undefined) return new Response("Not found", { status: 404 })
      return new Response(readFileSync(built + file), {
        headers: { "content-type": TYPES[extname(file)] ?? "text/plain; charset=utf-8" },
      })
    })
    chromium = await launchShell()
  })
  afterAll(async () => {
    await chromium?.close()
    await site?.close()
  })

  const desktop = { viewport: { width: 1280, height: 900 } }
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }
  const screens: [string, BrowserContextOptions][] = [
    ["light", { ...desktop, colorScheme: "light" }],
    ["dark", { ...desktop, colorScheme: "dark" }],
    ["phone", { ...phone, colorScheme: "light" }],
    ["phone-dark", { ...phone, colorScheme: "dark" }],
  ]
  // What is on every page is seen in each combination, and what is on some in both widths and both schemes.
  const paths = ["/", "/getting-started", "/merging", "/configuration", "/api/authjs-lazy/password"]
  const pathsOf = (screen: string) => (screen === "light" || screen === "phone-dark" ? paths : paths.slice(0, 2))

  it.each(screens)("has nothing for axe to find, and no scroll bar sideways: %s", async (screen, options) => {
    const context = await chromium.newContext({ baseURL: site.origin, ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())))
    page.on("pageerror", (error) => complaints.push(String(error)))
    page.on("requestfailed", (request) => complaints.push(request.url()))
    page.on("request", (request) => void (request.url().startsWith(site.origin) || complaints.push(request.url())))
    for (const path of pathsOf(screen)) {
      await page.goto(path, { waitUntil: "networkidle" })
      await takePicture(page, `site-${path.split("/").at(-1) || "home"}-${screen}`)
      expect(await findViolations(page), path).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0)
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it("finds a heading by the words in it, and leads there", async () => {
    const page = await chromium.newPage({ baseURL: site.origin, ...desktop })
    await page.goto("/", { waitUntil: "networkidle" })
    await page.getByRole("button", { name: "Search" }).click()
    await page.getByRole("searchbox").fill("left behind")
    await page.getByRole("option").filter({ hasText: "Merging" }).filter({ hasText: "Left behind" }).first().click()
    await page.waitForURL("**/merging#left-behind")
    await page.getByRole("heading", { name: "Left behind" }).waitFor()
    await page.close()
  })

  it("has each page as Markdown, and a list of them, with links that hold", async () => {
    const read = async (path: string) => (await fetch(site.origin + path)).text()
    const list = await read("/llms.txt")
    const links = [...list.matchAll(/\]\((\/[^)#]+\.md)\)/g)].map(([, link = ""]) => link)
    expect(links).toEqual(expect.arrayContaining(["/getting-started.md", "/recipes/index.md", "/configuration.md"]))
    const statuses = await Promise.all(links.map(async (link) => (await fetch(site.origin + link)).status))
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    expect(await read("/getting-started.md")).toContain(`${repository}/tree/main/docs/demo`)
    const all = await read("/llms-full.txt")
    for (const heading of ["# Getting started", "# Merging", "# authjs-lazy/drizzle"])
      expect(all).toContain(`\n${heading}\n`)
  })
})
