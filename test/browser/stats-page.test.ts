import type { Browser, BrowserContextOptions } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { handleAuth, withLazy } from "../../src/index.js"
import { statsPage } from "../../src/stats.js"
import { launchShell } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { findViolations, takePicture } from "../setup/demo-server.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { serve, type WebServer } from "../setup/web-server.js"

describe("the statistics page in Chromium", () => {
  const app = new FlowApp("database")
  let chromium: Browser
  let served: WebServer

  beforeAll(async () => {
    app.database = await postgresDatabase()
    await fill(app)
    const auth = withLazy(app.config)
    const page = statsPage(auth, { allow: ({ user }) => user.username === "ada" })
    served = await serve((request) =>
      new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, auth) : page(request),
    )
    chromium = await launchShell()
  })
  afterAll(async () => {
    await chromium?.close()
    await Promise.all([served?.close(), app.database?.close()])
  })

  const screens: [string, BrowserContextOptions][] = [
    ["light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
    ["phone", { viewport: { width: 360, height: 740 }, colorScheme: "light", isMobile: true, hasTouch: true }],
    ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", isMobile: true, hasTouch: true }],
  ]

  it.each(screens)(
    "has charts beside tables, and nothing for axe or the browser to find: %s",
    async (screen, options) => {
      const context = await chromium.newContext({ baseURL: served.origin, ...options })
      const { csrfToken } = await (await context.request.get("/auth/csrf")).json()
      const form = { csrfToken, username: "ada", password }
      await context.request.post("/auth/callback/convert", { form, maxRedirects: 0 })
      await context.request.post("/auth/callback/password", { form, maxRedirects: 0 })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on("console", (message) => complaints.push(message.text()))
      page.on("pageerror", (error) => complaints.push(String(error)))
      await page.goto("/admin/lazy-users")
      await takePicture(page, `stats-page-${screen}`)
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Lazy users")
      expect(await findViolations(page)).toEqual([])
      expect(complaints).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      // A screen reader meets each chart once, by its name, and the table after it.
      expect(await page.getByRole("img").count()).toBe(5)
      expect(await page.getByRole("table").count()).toBe(6)
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll("[role=img]")]
          .filter((chart) => chart.checkVisibility())
          .flatMap((chart) => {
            const { left, right } = chart.getBoundingClientRect()
            return [...chart.querySelectorAll("text")]
              .filter((text) => {
                const box = text.getBoundingClientRect()
                return box.width > 0 && (box.left < left - 1 || box.right > right + 1)
              })
              .map((text) => text.textContent)
          }),
      )
      expect(cut).toEqual([])
      await page.getByRole("link", { name: "4 weeks", exact: true }).click()
      await page.waitForURL("**?weeks=4")
      expect(await page.locator("[aria-current=page]").textContent()).toBe("4 weeks")
      await context.close()
    },
  )

  it("is the same without JavaScript", async () => {
    const context = await chromium.newContext({ baseURL: served.origin, javaScriptEnabled: false })
    const { csrfToken } = await (await context.request.get("/auth/csrf")).json()
    await context.request.post("/auth/callback/password", {
      form: { csrfToken, username: "ada", password },
      maxRedirects: 0,
    })
    const page = await context.newPage()
    await page.goto("/admin/lazy-users")
    expect(await page.getByRole("img").count()).toBe(5)
    expect(await page.getByRole("row", { name: /^Password/ }).count()).toBe(0)
    expect(await page.getByRole("columnheader", { name: "Password", exact: true }).isVisible()).toBe(true)
    await context.close()
  })
})

/** Makes fourteen weeks of visitors, some of whom came back, became real, or went. */
async function fill({ database: { query } }: FlowApp): Promise<void> {
  await query(`insert into "user" (id, "lazySince", "seenAt")
    select 'u' || n, at, at + case when n % 3 = 0 then least(interval '1 day' * (n % 41), now() - at) else interval '0' end
    from (select n, now() - interval '1 hour' * (n * 0.9) as at from generate_series(1, 900) n where n % 7 > 1) as made`)
  await query(`insert into "lazyOutcome"
    select 'o' || n, at,
      case when n % 10 < 5 then 'converted' when n % 10 < 7 then 'merged' when n % 10 < 9 then 'purged' else 'deleted' end,
      case when n % 10 < 5 then (array['password', 'email', 'github', 'passkey', 'password', 'google'])[1 + n % 6] end,
      at - case
        when n % 10 between 7 and 8 then interval '33 days'
        when n % 4 = 0 then interval '1 second' * (n * 37 % 3000)
        else interval '1 minute' * (n * n % 20000)
      end,
      case when n % 10 between 7 and 8 then 4 else 1 end
    from (select n, now() - interval '1 hour' * (n * 3.3 + (n % 13) * 6) as at from generate_series(1, 690) n) as ended`)
  await query(`create table note (owner text references "user"(id))`)
  await query(`insert into "user" (id, "lazySince", "seenAt")
    select 'old' || n, now() - interval '60 days', now() - interval '40 days' from generate_series(1, 60) n`)
  await query(`insert into note select 'old' || n from generate_series(1, 25) n`)
  await query(
    `insert into session select 's' || n, 'old' || n, now() + interval '1 day' from generate_series(50, 60) n`,
  )
}
