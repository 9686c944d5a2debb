import { once } from "node:events"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import { allowLazy, expressAuth } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { earlyInWindow, FlowApp } from "../setup/flow-app.js"

/**
 * A single-page app without a gate on its own page, which needs `beforeFirstRequests` of
 * docs/several-requests.md.
 */
const APP = `<!doctype html><title>Starting</title><pre></pre><script type="module">
  await fetch("/auth/csrf")
  const json = async (path, init) => (await fetch(path, init)).json()
  const draft = { method: "POST", headers: { "content-type": "application/json" }, body: '{"text":"first words"}' }
  const told = await Promise.all([
    json("/api/drafts", draft), json("/api/me"), json("/api/me"), json("/api/me"), json("/api/drafts"),
  ])
  document.querySelector("pre").textContent = JSON.stringify([...told.slice(0, 4), await json("/api/drafts")])
  document.title = "Ready"
</script>`

const app = new FlowApp("database")
let chromium: Chromium
let server: Server
let origin: string

beforeAll(async () => {
  ;[app.database, chromium] = await Promise.all([postgresDatabase(), launchChromium()])
  const auth = withLazy(app.config)
  const drafts = new Map<string, string>()
  const site = express().disable("etag")
  site.use("/auth", expressAuth(auth))
  site.get("/", (_req, res) => void res.send(APP))
  site.use("/api", allowLazy(auth), express.json())
  site.get("/api/me", (_req, res) => void res.json(res.locals.session?.user.id))
  site.get("/api/drafts", (_req, res) => void res.json(drafts.get(String(res.locals.session?.user.id)) ?? null))
  site.post("/api/drafts", (req, res) => {
    const { id } = res.locals.session?.user ?? {}
    drafts.set(String(id), req.body.text)
    res.json(id)
  })
  server = site.listen(0, "127.0.0.1")
  await once(server, "listening")
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  await chromium?.close()
  server?.closeAllConnections()
  server?.close()
  await app.database?.close()
})

it("Chromium sends the first requests of a single-page app as one user, who keeps what the first one wrote", async () => {
  const context = await chromium.newContext({ baseURL: origin, userAgent })
  const page = await context.newPage()
  await earlyInWindow()
  await page.goto("/")
  await page.waitForFunction(() => document.title === "Ready")
  const [wrote, ...others] = JSON.parse((await page.locator("pre").textContent()) ?? "[]")
  expect(others).toEqual([wrote, wrote, wrote, "first words"])
  expect(await app.count('"user"')).toBe(1)
  const session = await (await context.request.get("/auth/session")).json()
  expect(session.user).toMatchObject({ id: wrote, isLazy: true })
})
