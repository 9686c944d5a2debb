import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allowLazy } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { FlowApp } from "../setup/flow-app.js"

/** What loads `/gated` ahead of the click, as HTML for the head of a page that has no gate. */
const AHEAD = {
  "prefetched by speculation rules": `<script type="speculationrules">
    {"prefetch": [{"source": "list", "urls": ["/gated"], "eagerness": "immediate"}]}</script>`,
  "prerendered by speculation rules": `<script type="speculationrules">
    {"prerender": [{"source": "list", "urls": ["/gated"], "eagerness": "immediate"}]}</script>`,
  "prefetched by a link": `<link rel="prefetch" href="/gated">`,
}

describe("a page that Chromium loads ahead", () => {
  const app = new FlowApp("database")
  let chromium: Chromium
  let server: Server
  let origin: string
  /** What was asked of /gated: the purpose, and the status of the answer. */
  const asked: string[] = []
  let arrived = () => {}

  beforeAll(async () => {
    ;[app.database, chromium] = await Promise.all([postgresDatabase(), launchChromium()])
    const auth = withLazy(app.config)
    const site = express().disable("etag")
    site.get("/page/:way", (req, res) => {
      const link = `<a href="/gated">Go</a>`
      res.send(`<!doctype html><title>Open</title>${Object.values(AHEAD)[Number(req.params.way)]}${link}`)
    })
    site.use("/gated", (req, res, next) => {
      res.once("finish", () => {
        asked.push(`${req.get("sec-purpose") ?? "click"} ${res.statusCode}`)
        arrived()
      })
      next()
    })
    site.get("/gated", allowLazy(auth), (_req, res) => {
      res.send(`<!doctype html><title>Gated</title><p>${res.locals.session?.user.username ?? "nobody"}</p>`)
    })
    server = site.listen(0, "127.0.0.1")
    await new Promise<void>((resolve) => server.once("listening", () => resolve()))
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    await chromium?.close()
    server?.closeAllConnections()
    server?.close()
    await app.database?.close()
  })

  it.each(Object.keys(AHEAD))("%s has a session when it is clicked", async (name) => {
    const context = await chromium.newContext({ baseURL: origin, userAgent })
    const page = await context.newPage()
    const before = await app.count('"user"')
    asked.length = 0
    const ahead = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await page.goto(`/page/${Object.keys(AHEAD).indexOf(name)}`)
    await ahead
    expect(asked[0]).toMatch(/^prefetch.* 503$/)
    expect(await app.count('"user"')).toBe(before)
    await page.getByRole("link", { name: "Go" }).click()
    await page.waitForURL("/gated")
    expect(await page.locator("p").textContent()).toMatch(/^guest-/)
    expect(asked.at(-1)).toBe("click 200")
    expect(await app.count('"user"')).toBe(before + 1)
    await context.close()
  })

  it.each(Object.keys(AHEAD))("%s is shown to somebody who has a session", async (name) => {
    const context = await chromium.newContext({ baseURL: origin, userAgent })
    const page = await context.newPage()
    await page.goto("/gated")
    const guest = await page.locator("p").textContent()
    asked.length = 0
    const ahead = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await page.goto(`/page/${Object.keys(AHEAD).indexOf(name)}`)
    await ahead
    expect(asked[0]).toMatch(/^prefetch.* 200$/)
    await page.getByRole("link", { name: "Go" }).click()
    await page.waitForURL("/gated")
    expect(await page.locator("p").textContent()).toBe(guest)
    await context.close()
  })
})
