import { expect } from "vitest"
import { NAVIGATION } from "../contract/gate-contract-visitor.js"
import { Browser, type Fetch } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"

/** What the page of the notes app shows. */
export interface Notes {
  id: string
  isLazy: boolean
  notes: string[]
}

/** A person's browser at the notes app, which believes in one public address. */
export class NotesVisitor extends Browser {
  /** @param sendsMetadata false for a browser without Fetch Metadata, such as Safari before 16.4 */
  constructor(
    origin: string,
    send: Fetch,
    private readonly sendsMetadata = true,
  ) {
    super(origin, send)
  }

  /** Follows a link, and redirects for as long as they stay on the site. */
  async open(path: string): Promise<Response> {
    return this.follow(await this.visit(path, { headers: this.sendsMetadata ? NAVIGATION : {} }))
  }

  /** Sends a form of a page of the site, and follows redirects. */
  async submit(path: string, form: Record<string, string>): Promise<Response> {
    return this.follow(await this.post(path, form))
  }

  /** Sends a form of a page of the site. */
  post(path: string, form: Record<string, string>): Promise<Response> {
    const metadata = this.sendsMetadata ? { ...NAVIGATION, "sec-fetch-site": "same-origin" } : {}
    return this.visit(path, { form, headers: { ...metadata, origin: this.origin } })
  }

  async notes(): Promise<Notes> {
    return readNotes(await this.open("/"))
  }

  /** The fields of the convert page's form, filled in. */
  async convertForm(username: string): Promise<Record<string, string>> {
    const page = await (await this.open("/convert?callbackUrl=%2Faccount")).text()
    const csrfToken = /name="csrfToken" value="([^"]+)"/.exec(page)?.[1]
    if (csrfToken === undefined) throw new Error(`Not the convert page: ${page}`)
    return { csrfToken, username, password }
  }

  private async follow(answer: Response): Promise<Response> {
    let last = answer
    for (let redirects = 0; last.headers.has("location"); redirects++) {
      expect(redirects, "a redirect loop").toBeLessThan(5)
      const { origin, pathname, search } = new URL(last.headers.get("location") ?? "", this.origin)
      expect(origin).toBe(this.origin)
      last = await this.visit(pathname + search, { headers: this.sendsMetadata ? NAVIGATION : {} })
    }
    return last
  }
}

/** Reads the page of the notes app. */
export async function readNotes(answer: Response): Promise<Notes> {
  const html = await answer.text()
  const [, kind, id] = /<h1>(lazy|real) ([^<]+)<\/h1>/.exec(html) ?? []
  if (id === undefined) throw new Error(`Not the page of notes: ${answer.status} ${html}`)
  return { id, isLazy: kind === "lazy", notes: [...html.matchAll(/<li>([^<]*)/g)].map(([, text]) => text ?? "") }
}

/**
 * Walks a visitor through the notes app: writes a note, signs up, signs out, writes another as a
 * new visitor, and signs in.
 */
export async function walkThrough(visitor: NotesVisitor, count: () => Promise<number>): Promise<void> {
  const before = await count()
  const first = await visitor.notes()
  expect(first.isLazy).toBe(true)
  await expectSecure(visitor)
  expect(await readNotes(await visitor.submit("/", { text: "bread" }))).toEqual({ ...first, notes: ["bread"] })

  const away = await visitor.open("/account")
  expect(await away.text()).toContain('name="username"')
  const username = `nginx-${crypto.randomUUID().slice(0, 8)}`
  const converted = await visitor.submit("/convert?callbackUrl=%2Faccount", await visitor.convertForm(username))
  expect(await converted.text()).toBe("The account")
  const real = { id: first.id, isLazy: false, notes: ["bread"] }
  expect(await visitor.notes()).toEqual(real)
  expect(await count()).toBe(before + 1)

  const csrfToken = await visitor.csrfToken()
  await visitor.submit("/auth/signout", { csrfToken, callbackUrl: "/auth/csrf" })
  expect(await visitor.session()).toBeNull()
  const second = await readNotes(await visitor.submit("/", { text: "butter" }))
  expect(second).toEqual({ id: expect.not.stringMatching(first.id), isLazy: true, notes: ["butter"] })
  const signedIn = await visitor.submit("/auth/callback/password", {
    csrfToken: await visitor.csrfToken(),
    username,
    password,
    callbackUrl: "/",
  })
  expect(await readNotes(signedIn)).toEqual({ ...real, notes: ["bread", "butter"] })
  expect(await count()).toBe(before + 1)
  await expectSecure(visitor)
}

async function expectSecure(visitor: NotesVisitor): Promise<void> {
  const cookies = await visitor.jar.getCookies(visitor.origin)
  expect(cookies.map(({ key }) => key).join()).toMatch(/__Secure-authjs\.session-token(\.0)?(,|$)/)
  for (const { key, secure } of cookies)
    expect([key, secure]).toEqual([expect.stringMatching(/^__(Secure|Host)-/), true])
}
