import type { Browser, VisitOptions } from "../../setup/browser-jar.js"
import { sleep } from "../servers/run-program.js"
import { judgingBrowser } from "./judging-browser.js"
import type { Failure, Ledger } from "./ledger.js"
import { ORIGIN, type RoundRobin } from "./round-robin.js"

export const PASSWORD = "correct horse battery staple"

/** How long a visitor tries again before giving up, in milliseconds. */
const PATIENCE = 45_000
/** How long a visitor waits before trying again, whatever `Retry-After` says, in milliseconds. */
const PAUSE = 700
const FIRST = "first visit"

interface Session {
  user: { id: string; isLazy: boolean }
}

/** Gives up because the app did not recover, or the run ends. */
class GivenUp extends Error {}

/** A person with a browser, who tries again when the app says so. */
export class Visitor {
  /** Marks every row that this person writes. */
  readonly name = crypto.randomUUID()
  readonly browser: Browser
  userId: string | undefined

  constructor(
    private readonly ledger: Ledger,
    apps: RoundRobin,
    private readonly isOver: () => boolean,
  ) {
    this.browser = judgingBrowser(ledger, apps)
  }

  /** Makes a request until it is answered well. Checks that a refusal keeps the session. */
  async #visit(what: string, path: string, options?: VisitOptions): Promise<Response> {
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const before = await this.browser.sessionCookie()
      const answer = await this.#try(what, path, options)
      if (answer && answer.status < 500) return answer
      if (before !== (await this.browser.sessionCookie())) this.ledger.breaks(`${what}: an error changed the session`)
      if (this.isOver() || Date.now() > deadline) {
        if (what === FIRST && answer) this.ledger.abandoned += 1
        throw new GivenUp(what)
      }
      await sleep(PAUSE)
    }
  }

  async #try(what: string, path: string, options?: VisitOptions): Promise<Response | undefined> {
    let failure: Failure
    try {
      const answer = await this.browser.visit(path, options)
      if (answer.status < 500) return answer
      failure = `${answer.status}`
      this.ledger.fail(what, failure)
      return answer
    } catch {
      failure = "no answer"
      this.ledger.fail(what, failure)
      if (what === FIRST) this.ledger.abandoned += 1
      return undefined
    }
  }

  /** Opens a page for the first time, and becomes a lazy user. */
  async arrive(): Promise<void> {
    const { user } = (await (await this.#visit(FIRST, "/")).json()) as Session
    this.userId = user.id
    if (this.ledger.users.has(user.id)) this.ledger.breaks(`first visit: got the user of another visitor, ${user.id}`)
    this.ledger.users.set(user.id, { kind: "lazy" })
    this.ledger.count("first visits")
    await this.#hold()
  }

  async look(): Promise<void> {
    const { user } = (await (await this.#visit("page", "/")).json()) as Session
    this.#expectMe("page", user.id)
    this.ledger.count("pages")
  }

  async write(table: "note" | "mark"): Promise<void> {
    this.ledger.writers.set(this.name, this.userId as string)
    const text = "x".repeat(table === "note" ? 1000 : 20)
    const answer = await this.#visit(`write ${table}`, `/${table}`, { json: { writer: this.name, text } })
    const { id, userId } = (await answer.json()) as { id: string; userId: string }
    if (answer.status !== 200) return this.ledger.breaks(`write ${table}: answered ${answer.status}`)
    this.#expectMe(`write ${table}`, userId)
    this.ledger.rows.push({ id, table, writer: this.name })
    this.ledger.count("rows written")
  }

  /** Becomes a real user, by the same form as often as it takes. */
  async convert(username: string): Promise<void> {
    const lazy = await this.browser.sessionCookie()
    const user = await this.#signIn("conversion", "convert", username)
    this.#expectMe("conversion", user.id)
    this.#end(lazy)
    this.ledger.users.set(user.id, { kind: "real" })
    this.ledger.count("conversions")
    await this.#hold()
  }

  /** Signs in to an account, into which the lazy user is merged. */
  async merge(username: string, accountId: string): Promise<void> {
    const lazy = await this.browser.sessionCookie()
    const user = await this.#signIn("merge", "password", username)
    if (user.id !== accountId) this.ledger.breaks(`merge: signed in as ${user.id} instead of ${accountId}`)
    this.ledger.users.set(this.userId as string, { kind: "merged", into: accountId })
    this.#end(lazy)
    this.userId = accountId
    this.ledger.writers.set(this.name, accountId)
    this.ledger.count("merges")
    await this.#hold()
  }

  async signOut(): Promise<void> {
    const token = await this.browser.sessionCookie()
    const isLazy = this.ledger.users.get(this.userId as string)?.kind === "lazy"
    const csrfToken = await this.#csrfToken()
    await this.#visit("sign-out", "/auth/signout", { form: { csrfToken } })
    if (isLazy) this.ledger.users.set(this.userId as string, { kind: "gone" })
    this.#end(token)
    this.ledger.held.delete(this.name)
    this.ledger.count("sign-outs")
  }

  async #signIn(what: string, provider: string, username: string): Promise<Session["user"]> {
    for (;;) {
      const form = { csrfToken: await this.#csrfToken(), username, password: PASSWORD }
      const answer = await this.#visit(what, `/auth/callback/${provider}`, { form })
      const location = new URL(answer.headers.get("location") ?? ORIGIN, ORIGIN)
      const session = (await (await this.#visit(what, "/auth/session")).json()) as Session | null
      if (session && !session.user.isLazy) return session.user
      this.ledger.breaks(`${what}: not signed in, ${location.search}`)
      throw new GivenUp(what)
    }
  }

  async #csrfToken(): Promise<string> {
    return ((await (await this.#visit("form", "/auth/csrf")).json()) as { csrfToken: string }).csrfToken
  }

  async #hold(): Promise<void> {
    const token = await this.browser.sessionCookie()
    if (token) this.ledger.held.set(this.name, { token, userId: this.userId as string })
  }

  #end(token: string | undefined): void {
    if (token) this.ledger.endedTokens.push(token)
  }

  #expectMe(what: string, userId: string): void {
    if (userId !== this.userId) this.ledger.breaks(`${what}: as ${userId} instead of ${this.userId}`)
  }
}

/** Tells whether a visitor gave up, which the ledger already knows. */
export const hasGivenUp = (error: unknown): boolean => error instanceof GivenUp
