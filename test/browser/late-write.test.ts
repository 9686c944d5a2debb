import { once } from "node:events"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allowLazy, expressAuth } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { type HoldingProxy, requestTo, startHoldingProxy } from "../setup/holding-proxy.js"

const page = (name: string) => `<!doctype html><title>Notes</title><h1>${name}</h1>
  <form method="post" action="/"><button>Write</button></form>
  <button onclick="fetch('/api', { method: 'POST' }).then(() => { document.title = 'Written' })">Send</button>`

/** The first write of one tab, whose answer comes after another tab has signed in. */
describe.each(["database", "jwt"] as const)("a public page in two tabs, with %s sessions", (strategy) => {
  const app = new FlowApp(strategy)
  const username = "ada.lovelace"
  let chromium: Chromium
  let server: Server
  let proxy: HoldingProxy

  beforeAll(async () => {
    ;[app.database, chromium] = await Promise.all([postgresDatabase(), launchChromium()])
    const auth = withLazy(app.config)
    const site = express()
    site.use("/auth", expressAuth(auth))
    site.use(allowLazy(auth, { on: "write" }))
    site.get("/", (_req, res) => void res.send(page(res.locals.session?.user.username ?? "nobody")))
    site.post("/", (_req, res) => res.redirect(303, "/"))
    site.post("/api", (_req, res) => void res.json(res.locals.session?.user.id))
    server = site.listen(0, "127.0.0.1")
    await once(server, "listening")
    proxy = await startHoldingProxy(`http://localhost:${(server.address() as AddressInfo).port}`)
    await app.browser({}, proxy.origin).signIn("convert", { username, password })
  })

  afterAll(async () => {
    await chromium?.close()
    await proxy?.close()
    server?.closeAllConnections()
    server?.close()
    await app.database?.close()
  })

  it.each([
    { write: "a form", button: "Write", path: "/" },
    { write: "a script's request", button: "Send", path: "/api" },
  ])("keeps the sign-in of one when $write of the other is answered late", async ({ button, path }) => {
    const context = await chromium.newContext({ baseURL: proxy.origin, userAgent })
    context.setDefaultTimeout(20_000)
    const [one, two] = [await context.newPage(), await context.newPage()]
    const users = await app.count('"user"')
    await one.goto("/")
    expect(await one.locator("h1").textContent()).toBe("nobody")
    await two.goto("/auth/signin?callbackUrl=%2F")
    expect(await app.count('"user"')).toBe(users)

    const holding = proxy.holdAnswer(requestTo("POST", path))
    await one.getByRole("button", { name: button }).click({ noWaitAfter: true })
    const held = await holding
    expect(await app.count('"user"')).toBe(users + 1)
    const form = two.locator("form[action$='/callback/password']")
    await form.locator("[name=username]").fill(username)
    await form.locator("[name=password]").fill(password)
    await form.getByRole("button").click()
    await two.getByRole("heading", { name: username }).waitFor()

    held.release()
    if (path === "/") await one.getByRole("heading", { name: username }).waitFor()
    else await one.waitForFunction(() => document.title === "Written")
    for (const tab of [one, two]) {
      await tab.goto("/")
      expect(await tab.locator("h1").textContent()).toBe(username)
    }
    const session = await (await context.request.get("/auth/session")).json()
    expect(session.user).toMatchObject({ username, isLazy: false })
    const cookies = (await context.cookies()).map(({ name }) => name).filter((name) => name.includes("session-token"))
    expect(cookies).toEqual(["authjs.session-token"])
    await context.close()
  })
})
