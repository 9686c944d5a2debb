import type { AuthConfig } from "@auth/core"
import { LazySetupError } from "../errors.js"
import type { LazyAdapter } from "../store/lazy-adapter.js"
import type { UserRow } from "../store/user-row.js"
import { keyOf, UNREADABLE, writtenAddress } from "./client-address.js"
import type { LazyEvents, LazyOptions, RequestHead } from "./config.js"
import type { TakeCreation } from "./creation-limits.js"
import { type CurrentSession, type EndedSession, readCurrentSession, readEndedSession } from "./current-session.js"
import { newLinkingState } from "./linking-state.js"
import { logError } from "./log-error.js"
import { wholeRequest } from "./public-url.js"
import { readSessionCookies } from "./session-cookie.js"
import type { SharedLimiters } from "./shared-limiters.js"
import type { SignInPlan } from "./sign-in-plan.js"
import type { MintedToken } from "./token-codec.js"
import { visitorAddress } from "./visitor-address.js"

/** What is the same for every request of an app. */
export interface AppContext {
  readonly adapter: LazyAdapter
  readonly options: Required<Pick<LazyOptions, "enabled" | "recheck">> & LazyOptions
  readonly events: LazyEvents
  readonly strategy: "jwt" | "database"
  /** How many seconds a session lives: `session.maxAge` of Auth.js. */
  readonly maxAge: number
  /** How many seconds a session goes on before its use is recorded: `session.updateAge` of Auth.js. */
  readonly updateAge: number
  readonly generateSessionToken: (() => string) | undefined
  readonly takeCreation: TakeCreation
  /** The counters in memory, which outlive the configuration. */
  readonly limiters: SharedLimiters
}

/**
 * What is known of the visitor, found out where it counts: most pages ask for nothing but the session, and some frameworks throw where they
 * don't know the address.
 */
export interface Incoming {
  readHead?: () => RequestHead
  getClientAddress?: () => string
}

/** What the providers and callbacks of one request share. Made by `withLazy` for each request; nothing in it outlives the request. */
export class RequestContext {
  /** What the provider that is signing somebody in wants done; set by `authorize`. */
  plan: SignInPlan | undefined
  /** Somebody signs in by a password, which may be removed before the session is written. */
  byPassword = false
  /** The token of the session that came with the request holds no more; set when the database was asked. */
  sessionEnded = false
  /** How a lazy session turns into a real one while Auth.js goes on with an identity that is not our providers'; set by the decision. */
  readonly linking = newLinkingState()
  /** The session that takes the place of the one that Auth.js asked for: of several cookies by one name it reads the first. */
  liveSession: { asked: string; live: string } | undefined
  /** The token of a session that was made in this request. */
  minted: MintedToken | undefined
  #head: RequestHead | undefined
  #current: Promise<CurrentSession | null> | undefined

  /** @param config the configuration as Auth.js sees it. Environment defaults (`secret`) are filled in after it was built: read, don't copy. */
  constructor(
    readonly config: AuthConfig,
    private readonly app: AppContext,
    private readonly incoming: Incoming,
  ) {}

  get adapter(): LazyAdapter {
    return this.app.adapter
  }

  get options(): AppContext["options"] {
    return this.app.options
  }

  get events(): LazyEvents {
    return this.app.events
  }

  get strategy(): "jwt" | "database" {
    return this.app.strategy
  }

  get updateAge(): number {
    return this.app.updateAge
  }

  get takeCreation(): TakeCreation {
    return this.app.takeCreation
  }

  /** Unknown until a provider is called, where Auth.js asks for a configuration without giving the request (server actions). */
  get head(): RequestHead | undefined {
    this.#head ??= this.incoming.readHead?.()
    return this.#head
  }

  set head(given: RequestHead | undefined) {
    this.#head = given
  }

  /** The same for the app, which expects a whole one. */
  wholeRequest(): Request {
    if (!this.head) throw new Error("The request is not known yet.")
    return wholeRequest(this.head)
  }

  get limiters(): SharedLimiters {
    return this.app.limiters
  }

  /** What the client is counted under; undefined where nothing is there to tell its address. */
  client(): string | undefined {
    const { trustProxy } = this.options
    const written = writtenAddress(this.head?.headers, () => visitorAddress(this.incoming)?.(), trustProxy)
    if (written === undefined) return undefined
    const key = keyOf(written)
    if (key === undefined && this.limiters.isFirst("unreadable address"))
      logError(this.config, unreadableAddress(written, trustProxy?.header))
    return key ?? UNREADABLE
  }

  /** The session that came with the request; read once. Throws when the database does. */
  currentSession(): Promise<CurrentSession | null> {
    if (!this.head) return Promise.resolve(null)
    this.#current ??= readCurrentSession(this.config, this.adapter, this.strategy, this.head)
    return this.#current
  }

  /** Every value that came as a session cookie, but for this one. */
  otherSessionCookies(value: string | undefined): string[] {
    const { head } = this
    if (!head) return []
    const place = { url: head.url, cookie: head.headers.get("cookie") ?? "" }
    return readSessionCookies(this.config, place).filter((other) => other !== value)
  }

  /** What the session cookie still says where there is no live session. */
  endedSession(): Promise<EndedSession | null> {
    if (!this.head) return Promise.resolve(null)
    return readEndedSession(this.config, this.strategy, this.head)
  }

  /** Makes the token and the end of a database session; undefined with JWT sessions, which need none. */
  newSession(): { sessionToken: string; expires: Date } | undefined {
    if (this.strategy === "jwt") return undefined
    const { generateSessionToken, maxAge } = this.app
    return {
      sessionToken: generateSessionToken?.() ?? crypto.randomUUID(),
      expires: new Date(Date.now() + maxAge * 1000),
    }
  }
}

/** Said once: it may be true of every request. */
function unreadableAddress(written: string, header: string | undefined): Error {
  const source = header === undefined ? "getClientAddress" : `the header "${header}" (lazy.trustProxy)`
  const told = JSON.stringify(written.slice(0, 80))
  return new LazySetupError(
    `The address of a client can't be read: ${source} says ${told}. All such clients are counted as one by the limits. ` +
      'Name the header, and the number of hops, that your proxy writes: lazy: { trustProxy: { header: "x-forwarded-for", hops: 1 } }.',
  )
}

/** The user object that passes through Auth.js: a row of the user table. */
export type SignInUser = UserRow
