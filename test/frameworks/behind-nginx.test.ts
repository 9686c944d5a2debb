import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import { CHROME } from "../contract/gate-contract-visitor.js"
import { type Certificate, selfSigned } from "../setup/certificate.js"
import { launchChromium } from "../setup/chromium.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { type HoldingProxy, requestTo, startHoldingProxy } from "../setup/holding-proxy.js"
import { http1Client, http2Client } from "../setup/https-client.js"
import { withoutNginx } from "../setup/left-out.js"
import { type Nginx, startNginx } from "../setup/nginx.js"
import { DOCUMENTED, FOR, HOST, PROTO, SILENT, server, set, TELLING } from "./nginx-configurations.js"
import { NOTES_APPS, NOTES_TABLE, type NotesServer } from "./notes-apps.js"
import { NotesVisitor, readNotes, walkThrough } from "./notes-visitor.js"

describe.skipIf(withoutNginx)("behind nginx", () => {
  const app = new FlowApp("database")
  const closers: (() => unknown)[] = []
  let certificate: Certificate
  beforeAll(async () => {
    app.database = await postgresDatabase()
    await app.database.query(NOTES_TABLE)
    certificate = selfSigned()
  })
  afterEach(async () => {
    delete process.env.AUTH_URL
    for (const close of closers.splice(0).reverse()) await close()
  })
  afterAll(() => app.database?.close())

  const users = () => app.count('"user"')

  async function startApp(
    name: string,
    proxies: number,
    { socket, ...changes }: Partial<LazyConfig> & { socket?: string } = {},
  ): Promise<NotesServer> {
    const config = { ...app.config, ...changes }
    const parts = { config, database: app.database, proxies, socket }
    const started = await NOTES_APPS[name as keyof typeof NOTES_APPS](parts)
    closers.push(() => started.close())
    return started
  }

  async function start(name: string, proxies: string[], changes?: Partial<LazyConfig>): Promise<Nginx> {
    return startProxies(proxies, (await startApp(name, proxies.length, changes)).port)
  }

  /** Starts an app behind nginx, and between them a proxy that can lose an answer. */
  async function startBetween(name: string, servers: string): Promise<Nginx & { between: HoldingProxy }> {
    const { port } = await startApp(name, 1)
    const between = await startHoldingProxy(`http://127.0.0.1:${port}`)
    closers.push(() => between.close())
    return { ...(await startProxies([servers], Number(new URL(between.origin).port))), between }
  }

  async function startProxies(proxies: string[], port: number): Promise<Nginx> {
    let nearest: { port: number } = { port }
    for (const servers of proxies.toReversed()) {
      const nginx = await startNginx(servers, { app: nearest.port, certificate })
      closers.push(() => nginx.close())
      nearest = nginx
    }
    return nearest as Nginx
  }

  function visitor(origin: string, { http2 = false, sendsMetadata = true } = {}): NotesVisitor {
    const client = http2 ? http2Client(certificate.cert, origin) : http1Client(certificate.cert)
    closers.push(() => client.close())
    return new NotesVisitor(origin, client.send, sendsMetadata)
  }

  /**
   * Returns the answers to three first visits from each of two addresses, with any address they
   * claim.
   */
  async function statusesOf(origin: string): Promise<number[]> {
    const statuses: number[] = []
    for (const [n, from] of [2, 2, 2, 3, 3, 3].map((last) => `127.0.0.${last}`).entries()) {
      const client = http1Client(certificate.cert, from)
      closers.push(() => client.close())
      const claimed = `192.0.2.${n}`
      const headers = { "x-forwarded-for": claimed, forwarded: `for=${claimed}`, "x-real-ip": claimed }
      statuses.push((await new NotesVisitor(origin, client.send).visit("/", { headers })).status)
    }
    return statuses
  }

  describe.each(["Express", "Hono"])("%s without AUTH_URL", (name) => {
    it.each(Object.keys(TELLING))("knows the address of visitors: %s", async (way) => {
      const { origin } = await start(name, TELLING[way] ?? [])
      await walkThrough(visitor(origin, { sendsMetadata: false }), users)
      if (way === "as documented") await walkThrough(visitor(origin), users)
    })

    it("believes the proxy, and not what a client sends", async () => {
      const { origin } = await start(name, [DOCUMENTED])
      const forging = visitor(origin)
      const headers = {
        "x-forwarded-host": "evil.test",
        "x-forwarded-proto": "http",
        "x-forwarded-port": "1",
        forwarded: "host=evil.test;proto=http",
      }
      const form = { csrfToken: await forging.csrfToken(), callbackUrl: "/" }
      const answer = await forging.visit("/auth/callback/lazy", { form, headers: { ...headers, origin } })
      expect([answer.status, answer.headers.get("location")]).toEqual([302, `${origin}/`])
      expect(answer.headers.getSetCookie().join()).toMatch(/__Secure-authjs\.session-token=[^;]+;.* Secure;/)
    })

    it("keeps a session in chunks, for which the defaults of nginx have no room", async () => {
      const bulk = randomBytes(5000).toString("hex")
      const jwt: Partial<LazyConfig> = {
        session: { strategy: "jwt" },
        callbacks: { jwt: ({ token }) => ({ ...token, bulk }) },
      }
      const { origin } = await start(name, [DOCUMENTED], jwt)
      const documented = visitor(origin, { http2: true })
      await walkThrough(documented, users)
      const cookies = (await documented.jar.getCookies(origin)).map(({ key }) => key)
      expect(cookies).toContain("__Secure-authjs.session-token.2")
      const narrow = await start(name, [server([HOST, PROTO])], jwt)
      expect((await visitor(narrow.origin).open("/")).status).toBe(502)
      expect(narrow.log.join()).toContain("upstream sent too big header")
    })
  })

  it("answers nobody who asks for another host name", async () => {
    const { origin } = await start("Express", [DOCUMENTED])
    const headers = { host: "evil.test" }
    await expect(visitor(origin).visit("/auth/csrf", { headers })).rejects.toThrow("socket hang up")
  })

  it("lets no client say where Express is while nginx passes on a public Host", async () => {
    const { origin } = await start("Express", [server([set("Host", "app.test"), PROTO])])
    const forging = visitor(origin)
    const form = { csrfToken: await forging.csrfToken(), callbackUrl: "/" }
    const headers = { "x-forwarded-host": "evil.test" }
    const answer = await forging.visit("/auth/callback/lazy", { form, headers })
    expect(answer.headers.get("location")).toBe("https://app.test/")
  })

  describe.each(Object.keys(NOTES_APPS))("%s", (name) => {
    it.each(Object.keys(SILENT))("goes by AUTH_URL: %s", async (way) => {
      const { origin } = await start(name, SILENT[way] ?? [])
      process.env.AUTH_URL = origin
      await walkThrough(visitor(origin, { sendsMetadata: false }), users)
    })

    it.each(["/", "/auth"])("goes by AUTH_URL with the path %s, over HTTP/2", async (path) => {
      const { origin } = await start(name, [DOCUMENTED])
      process.env.AUTH_URL = `${origin}${path}`
      await walkThrough(visitor(origin, { http2: true }), users)
    })

    it.each([
      ["one proxy", [DOCUMENTED], { header: "x-forwarded-for" }],
      ["two proxies", [DOCUMENTED, server([HOST, FOR], "80")], { header: "x-forwarded-for", hops: 2 }],
      [
        "Forwarded",
        [server([set("Forwarded", '"for=$remote_addr;proto=$scheme"'), HOST, PROTO])],
        { header: "forwarded" },
      ],
    ])("counts visitors by their own address: %s", async (_, proxies, trustProxy) => {
      // Express reads X-Forwarded-For by a setting of its own.
      const isKnown = name === "Express" && trustProxy.header === "x-forwarded-for"
      const lazy = { limits: { perAddress: 2 }, ...(!isKnown && { trustProxy }) }
      const { origin } = await start(name, proxies, { lazy })
      process.env.AUTH_URL = origin
      expect(await statusesOf(origin)).toEqual([200, 200, 429, 200, 200, 429])
    })

    it.each([502, 504])("signs in by the same form again, whose answer was lost as %i", async (status) => {
      const impatient = DOCUMENTED.replace("location / {", "location / { proxy_read_timeout 1s;")
      const { origin, between } = await startBetween(name, impatient)
      process.env.AUTH_URL = origin
      const browser = visitor(origin)
      const first = await readNotes(await browser.submit("/", { text: "bread" }))
      const form = await browser.convertForm(`lost-${crypto.randomUUID().slice(0, 8)}`)
      const before = await users()
      const fits = requestTo("POST", "/convert")
      const lost = status === 502 ? between.loseAnswer(fits) : between.holdAnswer(fits)
      expect((await browser.post("/convert?callbackUrl=%2Faccount", form)).status).toBe(status)
      const held = await lost
      const again = await browser.submit("/convert?callbackUrl=%2Faccount", form)
      expect(await again.text()).toBe("The account")
      if (held) held.release()
      expect(await browser.notes()).toEqual({ ...first, isLazy: false })
      expect(await users()).toBe(before)
    })

    it("listens on a Unix socket, and counts visitors by their own address", async () => {
      const socket = join(mkdtempSync(join(tmpdir(), "authjs-lazy-socket-")), "app")
      closers.push(() => rmSync(dirname(socket), { recursive: true }))
      const lazy = {
        limits: { perAddress: 2 },
        ...(name !== "Express" && { trustProxy: { header: "x-forwarded-for" } }),
      }
      await startApp(name, 1, { lazy, socket })
      const { origin } = await startProxies([DOCUMENTED.replace("127.0.0.1:3000", `unix:${socket}`)], 0)
      process.env.AUTH_URL = origin
      expect(await statusesOf(origin)).toEqual([200, 200, 429, 200, 200, 429])
      await walkThrough(visitor(origin), users)
    })

    it("shares no page through a cache of nginx", async () => {
      const caching = `proxy_cache_path shared keys_zone=shared:1m;
        ${server([HOST, PROTO, FOR, "proxy_cache shared", "proxy_cache_valid any 10m", "add_header X-Cache $upstream_cache_status always"])}`
      const { origin } = await start(name, [caching])
      process.env.AUTH_URL = origin
      const [one, other] = [visitor(origin), visitor(origin)]
      await walkThrough(one, users)
      await other.open("/")
      const paths = ["/", "/account", "/convert", "/auth/session", "/auth/csrf"]
      // @hono/auth-js sends the pages of Auth.js as they are.
      if (name !== "Hono") paths.push("/auth/signin", "/auth/signout", "/auth/error")
      for (const path of paths) {
        const cached = []
        for (const each of [one, one, other]) cached.push((await each.visit(path)).headers.get("x-cache"))
        expect([path, ...cached]).toEqual([path, "MISS", "MISS", "MISS"])
      }
    })

    it("signs in where nginx itself sends a form to the next server", async () => {
      const retrying = `upstream app { server 127.0.0.1:3000 max_fails=0; server 127.0.0.1:3000 max_fails=0; }
        ${server([HOST, PROTO, FOR, "proxy_next_upstream error timeout non_idempotent"]).replace("127.0.0.1:3000", "app")}`
      const { origin, between } = await startBetween(name, retrying)
      process.env.AUTH_URL = origin
      const browser = visitor(origin)
      const first = await readNotes(await browser.submit("/", { text: "bread" }))
      const form = await browser.convertForm(`next-${crypto.randomUUID().slice(0, 8)}`)
      const before = await users()
      const lost = between.loseAnswer(requestTo("POST", "/convert"))
      expect(await (await browser.submit("/convert?callbackUrl=%2Faccount", form)).text()).toBe("The account")
      await lost
      expect(between.seen.filter((line) => line.startsWith("POST /convert"))).toHaveLength(1)
      expect(await browser.notes()).toEqual({ ...first, isLazy: false })
      expect(await users()).toBe(before)
    })
  })

  it("takes one connection of a browser, and one of nginx, for a whole visit", async () => {
    const kept = `upstream app { server 127.0.0.1:3000; keepalive 4; }
      ${DOCUMENTED.replace("127.0.0.1:3000", "app")}`
    const notes = await startApp("Hono", 1)
    let connections = 0
    notes.server.on("connection", () => connections++)
    const { origin } = await startProxies([kept], notes.port)
    const client = http1Client(certificate.cert)
    closers.push(() => client.close())
    await walkThrough(new NotesVisitor(origin, client.send), users)
    expect([client.opened, connections]).toEqual([1, 1])
  })

  describe("in Chromium, over HTTP/2", () => {
    let chromium: Chromium
    beforeAll(async () => {
      chromium = await launchChromium()
    })
    afterAll(() => chromium?.close())

    it.each(["Express", "Hono"])("is one app from the first visit to the second sign-in: %s", async (name) => {
      const { origin } = await start(name, [DOCUMENTED])
      const context = await chromium.newContext({ baseURL: origin, ignoreHTTPSErrors: true, userAgent: CHROME })
      context.setDefaultTimeout(10_000)
      const page = await context.newPage()
      await page.goto("/")
      const protocol = () =>
        page.evaluate(() => performance.getEntriesByType("navigation")[0]?.toJSON().nextHopProtocol)
      expect(await protocol()).toBe("h2")
      const id = (await page.getByRole("heading").textContent())?.replace("lazy ", "")
      await page.getByLabel("Note").fill("bread")
      await page.getByRole("button", { name: "Add" }).click()
      await page.getByText("bread").waitFor()
      await page.getByRole("link", { name: "Sign up" }).click()
      const username = `chromium-${crypto.randomUUID().slice(0, 8)}`
      await page.locator("[name=username]").fill(username)
      await page.locator("[name=password]").fill(password)
      await page.locator("[name=passwordConfirm]").fill(password)
      await page.locator("[name=passwordConfirm]").press("Enter")
      await page.getByRole("heading", { name: `real ${id}` }).waitFor()
      await page.goto("/auth/signout")
      await page.getByRole("button").click()
      // Signed out, the home page makes a new visitor.
      await page.getByRole("heading", { name: /^lazy / }).waitFor()
      await page.getByLabel("Note").fill("butter")
      await page.getByRole("button", { name: "Add" }).click()
      await page.getByText("butter").waitFor()
      await page.goto("/auth/signin?callbackUrl=%2F")
      const form = page.locator("form[action$='/callback/password']")
      await form.locator("[name=username]").fill(username)
      await form.locator("[name=password]").fill(password)
      await form.getByRole("button").click()
      await page.getByRole("heading", { name: `real ${id}` }).waitFor()
      expect(await page.getByRole("listitem").allTextContents()).toEqual(["bread", "butter"])
      const cookies = await context.cookies()
      expect(cookies.filter(({ secure, name }) => !secure || !/^__(Secure|Host)-/.test(name))).toEqual([])
      await context.close()
    })
  })
})
