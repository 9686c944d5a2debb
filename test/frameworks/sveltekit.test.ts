import { execFile } from "node:child_process"
import { cp, readFile, rm } from "node:fs/promises"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { promisify } from "node:util"
import type { Handle } from "@sveltejs/kit"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type LazyAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { allowLazy, optionalSession, requireLazy, requireReal } from "../../src/sveltekit.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"
import { API, CHROME, NAVIGATION, Visitor } from "../contract/gate-contract-visitor.js"
import { describeLeaving } from "../contract/leaving.js"
import { selfSigned } from "../setup/certificate.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { requestTo, startHoldingProxy } from "../setup/holding-proxy.js"
import { http2Client } from "../setup/https-client.js"
import { withoutNginx } from "../setup/left-out.js"
import { startNginx } from "../setup/nginx.js"
import { atVersionsHere, folderToInstall, install } from "../setup/npm-install.js"
import { hangUp, untilGone } from "./hang-up.js"
import { DOCUMENTED } from "./nginx-configurations.js"
import { NotesVisitor } from "./notes-visitor.js"

/** What an app is made of, for the hooks of sveltekit-app. */
interface ContractApps {
  contractApps: Map<string, { auth: LazyAuth; gates: Record<string, Handle>; events: ContractApp["events"] }>
}
const { contractApps } = Object.assign(globalThis, { contractApps: new Map() } as ContractApps)

/** The copy of sveltekit-app that is built, and what answers requests in it. */
let folder: string
let handler: RequestListener

beforeAll(async () => {
  folder = await folderToInstall("sveltekit")
  await cp(fileURLToPath(new URL("sveltekit-app", import.meta.url)), folder, { recursive: true })
  const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
  await install(folder, atVersionsHere(dependencies), { fresh: true })
  await promisify(execFile)(process.execPath, ["node_modules/vite/bin/vite.js", "build"], { cwd: folder })
  process.env.PROTOCOL_HEADER = "x-forwarded-proto"
  ;({ handler } = await import(/* @vite-ignore */ pathToFileURL(join(folder, "build/handler.js")).href))
}, 240_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describeGateContract("SvelteKit", start, { refusesForeignForms: true, withoutCsrfTokens: true, deafToAuthUrl: true })

async function start({ config, events }: ContractApp): Promise<ContractServer> {
  const auth = withLazy(config)
  const gates = {
    "/": allowLazy(auth),
    "/real": requireReal(auth),
    "/members": requireReal(auth),
    "/lazy": requireLazy(auth, { redirectTo: "/welcome" }),
    "/optional": optionalSession(auth),
    "/write": allowLazy(auth, { on: "write" }),
  }
  const server = createServer(async (request, response) => {
    await untilGone(request)
    request.headers["x-forwarded-proto"] ??= "http"
    request.headers["x-contract-port"] = String(port)
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  contractApps.set(String(port), { auth, gates, events })
  return {
    port,
    close() {
      contractApps.delete(String(port))
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

describeLeaving("SvelteKit", (config) => start({ config, behindTls: false, events: () => new ReadableStream() }), {
  "redirect() in an endpoint": { path: "/leave/redirect", status: 303, location: "/" },
  "redirect() after a form": { path: "/leave/redirect", status: 303, location: "/", method: "POST" },
  "error() in an endpoint": { path: "/leave/error", status: 403, body: "not yours" },
  "an error in an endpoint": { path: "/leave/thrown", status: 500 },
  // SvelteKit itself fails where a cookie is to be added to such headers.
  "a redirect whose headers can't be changed": { path: "/leave/immutable", status: 500 },
  "an answer for shared caches": { path: "/leave/shared", status: 200 },
  "a stream": { path: "/leave/stream", status: 200, body: "onetwo" },
  JSON: { path: "/leave/json", status: 200 },
  "a cookie beside it": { path: "/leave/cookie", status: 200 },
  "a sign-out": { path: "/leave/signOut", status: 303, signsOut: true },
  "redirect() in load": { path: "/leaving?redirect", status: 307, location: "/" },
  "error() in load": { path: "/leaving?error", status: 404, body: "nothing here" },
  "an error in load": { path: "/leaving?thrown", status: 500 },
  "redirect() in an action": { path: "/leaving?/redirect", status: 303, location: "/", method: "POST" },
  "fail() in an action": { path: "/leaving?/fail", status: 422, method: "POST" },
  "error() in an action": { path: "/leaving?/error", status: 409, method: "POST" },
  "the result of an action": { path: "/leaving?/done", status: 200, method: "POST" },
  "an answer of a handle behind the gate": { path: "/hooked?way=answer", status: 403, body: "from a handle" },
  "redirect() in a handle": { path: "/hooked?way=redirect", status: 303, location: "/" },
  "error() in a handle": { path: "/hooked?way=error", status: 410, body: "gone" },
  "an error in a handle": { path: "/hooked?way=thrown", status: 500 },
})

describe("SvelteKit beside the contract", () => {
  const app = new FlowApp("database")
  const servers: ContractServer[] = []

  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
  })
  afterAll(() => app.database.close())

  async function visitor(lazy: LazyConfig["lazy"] = {}): Promise<Visitor> {
    const server = await start({
      config: { ...app.config, lazy },
      behindTls: false,
      events: () => new ReadableStream(),
    })
    servers.push(server)
    return new Visitor(server.port)
  }

  function idIn(html: string): string[] {
    const [, ...ids] = /page (\S+) inside (\S+) form ?(\S*?)</.exec(html) ?? []
    if (ids.length === 0) throw new Error(`Not the page: ${html}`)
    return ids
  }

  it("shows the session to load functions and to the app's own fetch, and makes one user for both", async () => {
    const browser = await visitor()
    const before = await app.count('"user"')
    const [id, inside] = idIn(await (await browser.visit("/page")).text())
    expect(id).toBe((await browser.session())?.user.id)
    expect(inside).toBe(id)
    expect(await app.count('"user"')).toBe(before + 1)
  })

  it("shows the session to a form action that is the first request of all", async () => {
    const browser = await visitor()
    const headers = { origin: browser.origin, "sec-fetch-site": "same-origin" }
    const [id, , form] = idIn(await (await browser.visit("/page?/who", { form: { a: "b" }, headers })).text())
    expect(form).toBe(id)
    expect(id).toBe((await browser.session())?.user.id)
  })

  it("leaves the last word on the cookie to the app", async () => {
    const browser = await visitor()
    await browser.page()
    const headers = { origin: browser.origin, "sec-fetch-site": "same-origin" }
    await browser.visit("/page?/leave", { form: { a: "b" }, headers })
    expect(await browser.sessionCookie()).toBeUndefined()
  })

  it("sends links that SvelteKit follows by fetching away like a navigation", async () => {
    const browser = await visitor()
    const answer = await browser.visit("/members/__data.json?x-sveltekit-invalidated=01", { headers: API })
    const location = "/auth/signin?callbackUrl=%2Fmembers"
    expect([answer.status, await answer.json()]).toEqual([200, { type: "redirect", location }])
  })

  it("makes nobody for data that was asked for before a conversion, and shows the account at the next try", async () => {
    const browser = await visitor({ recheck: 0 })
    await browser.page()
    const before = await browser.jar.getCookieString(browser.origin)
    const headers = { origin: browser.origin, "sec-fetch-site": "same-origin" }
    const form = { username: `late-${crypto.randomUUID().slice(0, 8)}`, password }
    await browser.visit("/auth/callback/convert", { form, headers })
    const id = (await browser.session())?.user.id
    const count = await app.count('"user"')
    const data = "/page/__data.json?x-sveltekit-invalidated=01"
    const late = await browser.visit(data, { headers: { ...API, cookie: before } })
    expect([late.status, await late.json()]).toEqual([200, { type: "redirect", location: "/page" }])
    expect(late.headers.getSetCookie().join()).not.toContain("session-token")
    expect(await (await browser.visit(data, { headers: API })).text()).toContain(String(id))
    expect(await app.count('"user"')).toBe(count)
    expect((await browser.session())?.user.id).toBe(id)
  })

  it("in Chromium, a link that is followed before a conversion and answered after it shows the account", async () => {
    const { port } = new URL((await visitor()).origin)
    const proxy = await startHoldingProxy(`http://localhost:${port}`)
    const chromium = await launchChromium()
    try {
      const context = await chromium.newContext({ baseURL: proxy.origin, userAgent: CHROME })
      const page = await context.newPage()
      await page.goto("/page")
      const [id] = idIn(await page.content())
      await page.goto("/prerendered", { waitUntil: "networkidle" })
      const count = await app.count('"user"')
      const holding = proxy.holdRequest(requestTo("GET", "/page/__data.json"))
      await page.getByRole("link", { name: "Go to the page" }).click({ noWaitAfter: true })
      const held = await holding
      const form = { username: `late-${crypto.randomUUID().slice(0, 8)}`, password }
      await context.request.post("/auth/callback/convert", { form, headers: { origin: proxy.origin }, maxRedirects: 0 })
      held.release()
      await page.getByText(`page ${id} inside`).waitFor()
      expect((await (await context.request.get("/auth/session")).json()).user).toMatchObject({ id, isLazy: false })
      expect(await app.count('"user"')).toBe(count)
    } finally {
      await chromium.close()
      await proxy.close()
    }
  })

  it("serves nobody as somebody else with SvelteKitAuth(auth()), and says what to write", async () => {
    const { origin } = await visitor()
    const before = await app.count('"user"')
    const logged = app.logged.length
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const browser = new Visitor(Number(new URL(origin).port))
        const headers = { origin, "sec-fetch-site": "same-origin", "x-shared": "1" }
        const answer = await browser.visit("/auth/callback/lazy", { form: { callbackUrl: "/" }, headers })
        return { status: answer.status, user: (await browser.session())?.user.id }
      }),
    )
    expect(statuses.filter(({ user }) => user).length).toBeLessThanOrEqual(1)
    expect(await app.count('"user"')).toBeLessThanOrEqual(before + 1)
    expect(statuses.filter(({ status }) => status === 500).length).toBeGreaterThanOrEqual(19)
    expect(String(app.logged.slice(logged).at(-1))).toContain("SvelteKitAuth(authConfig)")
  })

  it("leaves another app's cookie alone whose name begins alike", async () => {
    const browser = await visitor()
    await browser.page()
    await browser.jar.setCookie("authjs.session-token-b=of-another-app; Path=/", browser.origin)
    const others = async () => (await browser.jar.getCookies(browser.origin)).find(({ key }) => key.endsWith("-b"))
    const [id] = idIn(await (await browser.visit("/page")).text())
    expect(id).toBe((await browser.session())?.user.id)
    const headers = { origin: browser.origin, "sec-fetch-site": "same-origin" }
    await browser.visit("/auth/signout", { form: { callbackUrl: "/" }, headers })
    expect(await browser.session()).toBeNull()
    expect((await others())?.value).toBe("of-another-app")
  })

  describe.skipIf(withoutNginx)("behind nginx", () => {
    it("keeps one user, at the address of visitors, from the first visit to the second sign-in", async () => {
      const { port } = new URL((await visitor()).origin)
      const certificate = selfSigned()
      const nginx = await startNginx(DOCUMENTED, { app: Number(port), certificate })
      const client = http2Client(certificate.cert, nginx.origin)
      try {
        const browser = new NotesVisitor(nginx.origin, client.send)
        const { session } = (await (await browser.open("/")).json()) as { session: { user: { id: string } } }
        const { id } = session.user
        const away = await browser.visit("/real", { headers: NAVIGATION })
        expect([away.status, away.headers.get("location")]).toEqual([303, "/auth/signin?callbackUrl=%2Freal"])
        const username = `nginx-${crypto.randomUUID().slice(0, 8)}`
        await browser.submit("/auth/callback/convert", { username, password, callbackUrl: "/real" })
        expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
        await browser.submit("/auth/signout", { callbackUrl: "/prerendered" })
        expect(await browser.session()).toBeNull()
        await browser.open("/")
        const signedIn = await browser.submit("/auth/callback/password", { username, password, callbackUrl: "/real" })
        expect(await signedIn.json()).toMatchObject({ session: { user: { id, isLazy: false } } })
        const cookies = await browser.jar.getCookies(nginx.origin)
        expect(cookies.filter(({ key, secure }) => !secure || !/^__(Secure|Host)-/.test(key))).toEqual([])
      } finally {
        client.close()
        await nginx.close()
      }
    })
  })

  it.each(["/nowhere", "/favicon.ico", "/auth/signin", "/auth/csrf", "/prerendered"])(
    "makes nobody for %s, which is no gated page",
    async (path) => {
      const browser = await visitor()
      const before = await app.count('"user"')
      const answer = await browser.visit(path, { headers: NAVIGATION })
      expect([200, 302, 404]).toContain(answer.status)
      expect(await app.count('"user"')).toBe(before)
    },
  )

  it("makes nobody where another site's script posts, with no form, to the lazy sign-in", async () => {
    const browser = await visitor()
    const before = await app.count('"user"')
    const headers = { origin: "https://other.test", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }
    await browser.visit("/auth/callback/lazy", { method: "POST", headers })
    expect(await app.count('"user"')).toBe(before)
  })

  it("makes no users without end of visitors who hang up", async () => {
    const perAddress = new RateLimiterMemory({ points: 2, duration: 60 })
    const { port } = new URL((await visitor({ limits: { perAddress } })).origin)
    const before = await app.count('"user"')
    for (let n = 0; n < 5; n++) await hangUp(Number(port))
    await expect.poll(async () => (await perAddress.get("0.0.0.0"))?.consumedPoints).toBe(5)
    await expect.poll(() => app.count('"user"')).toBe(before + 2)
  })

  it("has prerendered pages of nobody", async () => {
    const html = await readFile(join(folder, "build/prerendered/prerendered.html"), "utf8")
    expect(html).toContain("<p>prerendered</p>")
  })
})
