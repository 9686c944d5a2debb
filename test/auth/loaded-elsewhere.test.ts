import { Auth } from "@auth/core"
import { expect, it } from "vitest"
import { handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { describeLinking, type LinkingApp } from "../setup/linking-app.js"

const ORIGIN = "https://app.test"
const PARTNER = "https://partner.example"
const EMBEDDED: Partial<LazyConfig> = { lazy: { embedded: [PARTNER] } }

type Sent = Record<string, string>

/** What a browser sends where a page of another site loads an address. */
const sent = (mode: string, dest: string, more: Sent = {}): Sent => ({
  "sec-fetch-site": "cross-site",
  "sec-fetch-mode": mode,
  "sec-fetch-dest": dest,
  ...more,
})

const UNSEEN: [string, Sent][] = [
  ["an image", sent("no-cors", "image", { accept: "image/avif,*/*" })],
  ["a script", sent("no-cors", "script", { accept: "*/*" })],
  ["a style sheet", sent("no-cors", "style", { accept: "text/css" })],
  ["a fetch", sent("cors", "empty", { origin: "https://evil.example", accept: "*/*" })],
  ["a fetch that accepts pages", sent("no-cors", "empty", { accept: "text/html" })],
  ["a prefetched link", sent("no-cors", "empty", { "sec-purpose": "prefetch" })],
  ["an object", sent("navigate", "object")],
  ["a frame", sent("navigate", "iframe", { referer: "https://evil.example/" })],
  ["a frame without an address", sent("navigate", "iframe")],
  [
    "a frame of a name that begins with a listed one",
    sent("navigate", "iframe", { referer: `${PARTNER}.evil.example/` }),
  ],
  ["an image of a listed site", sent("no-cors", "image", { referer: `${PARTNER}/` })],
  ["a fetch of a listed site", sent("cors", "empty", { origin: PARTNER, referer: `${PARTNER}/` })],
  ["an image, in an old browser", { accept: "image/webp,*/*", referer: "https://evil.example/" }],
  ["an image without an address, in an old browser", { accept: "image/webp,*/*" }],
  ["a fetch, in an old browser", { accept: "*/*", origin: "https://evil.example" }],
]

const SEEN: [string, Sent][] = [
  ["a link on any site", sent("navigate", "document", { referer: "https://mail.example/" })],
  ["a link in a mail program", { ...sent("navigate", "document"), "sec-fetch-site": "none" }],
  ["a link on a sister domain", { ...sent("navigate", "document"), "sec-fetch-site": "same-site" }],
  ["a frame of a listed site", sent("navigate", "iframe", { referer: `${PARTNER}/page` })],
  ["a frame that the app sent through another site", sent("navigate", "iframe", { referer: `${ORIGIN}/` })],
  ["a frame in the app", { ...sent("navigate", "iframe"), "sec-fetch-site": "same-origin" }],
  ["a link, in an old browser", { referer: "https://mail.example/" }],
  ["a program that is no browser", { accept: "*/*", "user-agent": "NotesApp/1.0" }],
]

/** Calls Auth.js with the configuration as the handlers of Next.js, Hono and SvelteKit do. */
const bare = (changes: Partial<LazyConfig>, app: LinkingApp, origin: string) => {
  const auth = withLazy({ ...app.config, ...changes })
  return new Browser(origin, (request) => Auth(request, { basePath: "/auth", ...auth(request) }))
}

describeLinking("an address of Auth.js that another site loads unseen", (app) => {
  const sessions = (answer: Response) => answer.headers.getSetCookie().filter((set) => set.includes("session-token"))

  type Open = (changes?: Partial<LazyConfig>, origin?: string) => Browser
  const kinds: [string, Open][] = [
    ["handleAuth", (changes = EMBEDDED, origin = ORIGIN) => app.browser(changes, origin)],
    ["the handler of a framework", (changes = EMBEDDED, origin = ORIGIN) => bare(changes, app, origin)],
  ]

  async function visitor(open: Open, changes?: Partial<LazyConfig>, origin?: string) {
    const browser = open(changes, origin)
    await browser.signIn("lazy")
    const id = (await browser.session())?.user.id
    expect(id).toBeDefined()
    return { browser, id }
  }

  it.each(kinds)("opens no link in %s, keeps the session, and leaves the link to its owner", async (_, open) => {
    const owner = open()
    const link = await app.askForLink(owner, app.person().email as string)
    for (const changes of [EMBEDDED, {}]) {
      const { browser, id } = await visitor(open, changes)
      for (const [name, headers] of UNSEEN) {
        const answer = await browser.visit(link, { headers })
        expect(sessions(answer), name).toEqual([])
        if (open === kinds[0]?.[1])
          expect([answer.status, answer.headers.get("cache-control")], name).toEqual([403, "private, no-store"])
        else expect(answer.headers.get("location"), name).toContain("error=AccessDenied")
      }
      // Auth.js opens a link by a form, too, and asks for no CSRF token.
      const [, fetching] = UNSEEN[3] as [string, Sent]
      const inOldBrowser = { origin: "https://evil.example" }
      for (const headers of [fetching, inOldBrowser])
        expect(sessions(await browser.visit(link, { form: {}, headers }))).toEqual([])
      expect((await browser.session())?.user.id).toBe(id)
    }
    expect(sessions(await owner.visit(link, { headers: sent("navigate", "document") })).length).toBeGreaterThan(0)
    expect((await owner.session())?.user.isLazy).toBe(false)
  })

  it("opens a link that the visitor sees", async () => {
    for (const [name, headers] of SEEN) {
      const browser = app.browser(EMBEDDED, ORIGIN)
      const link = await app.askForLink(browser, app.person().email as string)
      await browser.visit(link, { headers })
      expect((await browser.session())?.user.isLazy, name).toBe(false)
    }
  })

  it.each(kinds)("comes back from no provider in %s, unless a frame began there", async (_, open) => {
    const [image, frame] = [UNSEEN[0]?.[1] as Sent, UNSEEN[8]?.[1] as Sent]
    const link = sent("navigate", "document", { referer: "https://provider.example/" })
    for (const checks of [["none"], ["pkce"], ["pkce", "state"]]) {
      const changes = app.withProvider(app.oidc("one", { checks }))
      const { browser, id } = await visitor(open, changes, "http://app.test")
      const callback = await app.oauthCallback(browser, "one", app.person())
      expect(sessions(await browser.visit(callback, { headers: image }))).toEqual([])
      if (checks[0] === "none") expect(sessions(await browser.visit(callback, { headers: frame }))).toEqual([])
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      const again = await app.oauthCallback(browser, "one", app.person())
      await browser.visit(again, { headers: checks[0] === "none" ? link : frame })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    }
  })

  it("makes no passkey challenge, whose cookie would take the place of another", async () => {
    const browser = app.browser(EMBEDDED, ORIGIN)
    for (const [name, headers] of UNSEEN) {
      const answer = await browser.visit("/auth//webauthn-options/passkey", { headers })
      expect([answer.status, answer.headers.getSetCookie()], name).toEqual([403, []])
    }
  })

  it.each(kinds)("shows no session in %s where sites may embed the app, and keeps its cookie", async (_, open) => {
    const { browser, id } = await visitor(open)
    for (const [name, headers] of UNSEEN) {
      const answer = await browser.visit("/auth/session", { headers })
      expect([await answer.json(), sessions(answer)], name).toEqual([null, []])
    }
    for (const [name, headers] of SEEN)
      expect((await (await browser.visit("/auth/session", { headers })).json()).user.id, name).toBe(id)
  })

  it("leaves the caller's request as it is", async () => {
    const headers = { ...sent("no-cors", "image"), cookie: "__Secure-authjs.session-token=made-up; theme=dark" }
    const request = new Request(`${ORIGIN}/auth/session`, { headers })
    await handleAuth(request, withLazy({ ...app.config, ...EMBEDDED }))
    expect(request.headers.get("cookie")).toBe(headers.cookie)
  })
})
