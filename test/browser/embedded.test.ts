import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import Nodemailer from "@auth/core/providers/nodemailer"
import express, { type Express } from "express"
import type { BrowserContext, Browser as Chromium, Frame, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { allowLazy, expressAuth, webHandler } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { selfSigned } from "../setup/certificate.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { FlowApp, password, secret } from "../setup/flow-app.js"

/** An app at app.example that partner.example may embed, and evil.example may not. */
describe("an app in an iframe of another site, without third-party cookies", () => {
  const flow = new FlowApp("database")
  let server: Server
  let chromium: Chromium
  let context: BrowserContext
  let port: number

  beforeAll(async () => {
    const flags = ["--host-resolver-rules=MAP *.example 127.0.0.1", "--test-third-party-cookie-phaseout"]
    ;[flow.database, chromium] = await Promise.all([postgresDatabase(), launchChromium(flags)])
    const hosts = new Map<string, Express>()
    server = createServer(selfSigned(), (req, res) => hosts.get(req.headers.host?.split(":")[0] ?? "")?.(req, res))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    port = (server.address() as AddressInfo).port
    hosts.set("app.example", embeddedApp())
    for (const name of ["partner", "evil"]) hosts.set(`${name}.example`, embeddingSite())
  })
  beforeEach(async () => {
    context = await chromium.newContext({ ignoreHTTPSErrors: true, userAgent })
  })
  afterEach(() => context.close())
  afterAll(async () => {
    await chromium?.close()
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve))
    await flow.database?.close()
  })

  const at = (name: string, path = "/") => `https://${name}.example:${port}${path}`
  const users = () => flow.count('"user"')

  function embeddedApp(): Express {
    const providers = [...flow.config.providers, Nodemailer({ server: "smtp://127.0.0.1:1" })]
    const lazy = { embedded: [at("partner", "")], limits: { perAddress: false as const } }
    const auth = withLazy({ ...flow.config, providers, lazy })
    const app = express()
    app.use("/auth", expressAuth(auth))
    app.all("/convert", webHandler(convertPage(auth, { doneUrl: "/" })))
    app.all("/", allowLazy(auth), (req, res) => {
      // Not partitioned: a frame without third-party cookies never sends it.
      res.append("set-cookie", "outside=1; Path=/; Secure; SameSite=None")
      res.set("content-security-policy", "default-src 'self'")
      const { id = "nobody", isLazy } = res.locals.session?.user ?? {}
      const seen = /outside=/.test(req.headers.cookie ?? "") ? "outside" : "inside"
      res.send(`<!doctype html><title>App</title>
        <p class="user">${id}</p><p class="kind">${isLazy === false ? "real" : "lazy"}</p><p class="seen">${seen}</p>
        <form method="post" action="/"><button>Write</button></form><a href="/convert">Sign up</a>`)
    })
    return app
  }

  function embeddingSite(): Express {
    const frame = `<iframe name="app" src="${at("app")}"></iframe>`
    const form = `<form method="post" action="${at("app")}"><button>Post here</button><button formtarget="app">Post there</button></form>`
    const site = express()
    site.get("/", (_req, res) => void res.send(`<!doctype html><title>Site</title>${frame}${form}`))
    site.get("/hiding", (_req, res) => void res.set("referrer-policy", "no-referrer").send(`<!doctype html>${frame}`))
    // An attacker's link in an image and in a frame of this site, and once more in one of another.
    site.get("/attacked", ({ query: { link, nested } }, res) => {
      const url = encodeURIComponent(String(link))
      const inner =
        nested === "no" ? "" : `<iframe name="inner" src="${at("evil", `/attacked?nested=no&link=${url}`)}"></iframe>`
      const own = nested === "no" ? `<iframe src="${link}"></iframe>` : frame
      res.send(
        `<!doctype html>${own}${inner}<img src="${link}"><script>fetch("${link}", { mode: "no-cors", credentials: "include" })</script>`,
      )
    })
    site.get("/nesting", (_req, res) => void res.send(`<!doctype html><iframe src="${at("evil")}"></iframe>`))
    return site
  }

  async function visit(name: string, path?: string): Promise<Page> {
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(at(name, path))
    return page
  }

  async function frameOf(page: Page): Promise<Frame> {
    const frame = page.frame("app")
    if (!frame) throw new Error("The page has no frame.")
    await frame.waitForLoadState()
    return frame
  }

  const text = (place: Page | Frame, name: string) => place.locator(`.${name}`).textContent()

  it("keeps the lazy user over reloads and writes, and converts it in the frame", async () => {
    const before = await users()
    const page = await visit("partner")
    let frame = await frameOf(page)
    const id = await text(frame, "user")
    expect(id).not.toBe("nobody")
    for (let n = 0; n < 2; n++) {
      await page.reload()
      frame = await frameOf(page)
      expect([await text(frame, "user"), await text(frame, "seen")]).toEqual([id, "inside"])
    }
    await frame.getByRole("button", { name: "Write" }).click()
    await frame.waitForLoadState()
    expect(await text(frame, "user")).toBe(id)
    await frame.getByRole("link", { name: "Sign up" }).click()
    await frame.getByLabel("Username").fill(`frame-${crypto.randomUUID().slice(0, 8)}`)
    await frame.getByLabel("Password", { exact: true }).fill(password)
    await frame.getByLabel("Password again").fill(password)
    await frame.getByRole("button", { name: "Make my account" }).click()
    await frame.getByRole("heading", { name: "Your account is ready" }).waitFor()
    await page.reload()
    frame = await frameOf(page)
    expect([await text(frame, "user"), await text(frame, "kind")]).toEqual([id, "real"])
    expect(await users()).toBe(before + 1)
  })

  it("has a session of its own outside of the frame, which forms of other sites don't get", async () => {
    const inside = await visit("partner")
    const id = await text(await frameOf(inside), "user")
    const outside = await visit("app")
    const other = await text(outside, "user")
    expect(other).not.toBe("nobody")
    expect(other).not.toBe(id)
    const before = await users()
    for (const site of ["evil", "partner"]) {
      const posting = await visit(site)
      await posting.getByRole("button", { name: "Post here" }).click()
      await posting.locator(".user").waitFor()
      // The browser sends the cookies: this one, and that of the session, which the gate takes away.
      expect([await text(posting, "user"), await text(posting, "seen")]).toEqual(["nobody", "outside"])
    }
    await inside.getByRole("button", { name: "Post there" }).click()
    await expect.poll(() => inside.frame("app")?.locator(".user").textContent()).toBe("nobody")
    await inside.reload()
    expect(await text(await frameOf(inside), "user")).toBe(id)
    await outside.reload()
    expect(await text(outside, "user")).toBe(other)
    expect(await users()).toBe(before)
  })

  it("is not shown by another site, and makes nobody there, also not within a site that may embed it", async () => {
    const before = await users()
    for (const [name, path] of [["evil"], ["partner", "/nesting"]] as const) {
      const refused = context.waitForEvent("console", (message) => message.text().includes("frame-ancestors"))
      const page = await visit(name, path)
      await refused
      const shown = page.frames().filter((frame) => frame.url().startsWith(at("app", "")))
      expect(shown).toEqual([])
    }
    expect(await users()).toBe(before)
  })

  it("keeps its lazy user where images, scripts and frames of any site load somebody's e-mail link", async () => {
    const page = await visit("partner")
    const id = await text(await frameOf(page), "user")
    const [email, token] = ["mallory@evil.example", crypto.randomUUID()]
    const hash = createHash("sha256").update(`${token}${secret}`).digest("hex")
    await flow.database.query(
      `insert into "verificationToken" (identifier, token, expires) values ('${email}', '${hash}', now() + interval '1 day')`,
    )
    const link = at("app", `/auth/callback/nodemailer?${new URLSearchParams({ email, token, callbackUrl: "/" })}`)
    const loads: number[] = []
    page.on("response", (answer) => void (answer.url() === link && loads.push(answer.status())))
    await page.goto(at("partner", `/attacked?link=${encodeURIComponent(link)}`))
    await expect.poll(() => loads.length).toBe(5)
    expect(new Set(loads)).toEqual(new Set([403]))
    await page.goto(at("partner"))
    expect([await text(await frameOf(page), "user"), await text(await frameOf(page), "kind")]).toEqual([id, "lazy"])
    // The link still works in a tab.
    await page.goto(link)
    expect(await text(page, "kind")).toBe("real")
  })

  it("makes nobody where the site hides its address", async () => {
    const before = await users()
    expect(await text(await frameOf(await visit("partner", "/hiding")), "user")).toBe("nobody")
    expect(await users()).toBe(before)
  })
})
