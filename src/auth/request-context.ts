import type { AuthConfig } from "@auth/core"
import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import type { Account } from "@auth/core/types"
import { LazySetupError } from "../errors.js"
import type { LazyAdapter } from "../store/lazy-adapter.js"
import type { UserRow } from "../store/user-row.js"
import { keyOf, UNREADABLE, writtenAddress } from "./client-address.js"
import type { LazyEvents, LazyOptions, RequestHead } from "./config.js"
import type { TakeCreation } from "./creation-limits.js"
import { type CurrentSession, type EndedSession, readCurrentSession, readEndedSession } from "./current-session.js"
import type { ConvertDecision, MergeDecision, ProveDecision, SignInDecision } from "./decision.js"
import { logError } from "./log-error.js"
import { holdsSession, sameVisitor, sharedConfiguration } from "./one-request.js"
import { wholeRequest } from "./public-url.js"
import { readSessionCookies, sessionCookieName } from "./session-cookie.js"
import type { SharedLimiters } from "./shared-limiters.js"
import type { SessionAndUser, SignInPlan } from "./sign-in-plan.js"
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
  /** The app's own `jwt.decode`. */
  readonly decode: NonNullable<AuthConfig["jwt"]>["decode"]
}

/**
 * What is known of the visitor, found out where it counts: most pages ask for nothing but the session, and some frameworks throw where they
 * don't know the address.
 */
export interface Incoming {
  readHead?: () => RequestHead
  getClientAddress?: () => string
}

/** What Auth.js wrote, or announced, while the decision was not carried out yet. */
export interface Held {
  account?: AdapterAccount
  authenticator?: AdapterAuthenticator
  /** Calls the app's events in the order in which Auth.js meant to. */
  events: (() => Promise<void>)[]
}

/** A user, and with database sessions its session, as Auth.js was given them. */
export interface HandedOut extends Pick<SessionAndUser, "user">, Partial<Pick<SessionAndUser, "session">> {}

/** Steps of Auth.js that a request takes once, each of them at the beginning of a sign-in. */
export type Step = "authorize" | "open-link" | "sign-in"

/** What the providers and callbacks of one request share. Made by `withLazy` for each request; nothing in it outlives the request. */
export class RequestContext {
  /** What the provider that is signing somebody in wants done; set by `authorize`. */
  plan: SignInPlan | undefined
  /** Somebody signs in by a password, which may be removed before the session is written. */
  byPassword = false
  /** The session that came with the request was ended before it expired; set when the database was asked. */
  sessionEnded = false
  /** The session that takes the place of the one that Auth.js asked for: of several cookies by one name it reads the first. */
  liveSession: { asked: string; live: string } | undefined
  /** Somebody signs in through a credentials provider, which is handed the request. */
  byCredentials = false
  /** What the sign-in means for the session that came with it; made when the identity is proven. */
  decision: SignInDecision = { kind: "nothing" }
  readonly held: Held = { events: [] }
  /** Calls the event of what was carried out. */
  announce: (() => Promise<void>) | undefined
  /** The user whom Auth.js makes a token for. */
  tokenFor: string | undefined
  /** The lazy user who stays behind for longer than others, and until when. */
  leaves: { userId: string; until: Date } | undefined
  /** Whether the e-mail link that was opened was asked for by the lazy user whose session this is. */
  askedHere = false
  /** The passkey whose signature Auth.js verified in this request. */
  assertedPasskey: Pick<Account, "provider" | "providerAccountId"> | undefined
  /** The ids of the lazy users whose sessions were just deleted. */
  readonly signedOut: string[] = []
  /** Objects that Auth.js was given for the session of this request, and goes on to use. */
  readonly handedOut: HandedOut[] = []
  /** The token of a session that was made in this request. */
  minted: MintedToken | undefined
  #head: RequestHead | undefined
  #current: Promise<CurrentSession | null> | undefined
  #step: Step | undefined
  #presented: string | undefined
  readonly #issued = new Set<string>()
  #misuse: Error | undefined

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

  /**
   * Takes the head of the request from what Auth.js hands to a provider.
   * @throws LazySetupError when the configuration was made for another request
   */
  learnHead(given: RequestHead): void {
    if (this.head && !sameVisitor(this.head, given, sessionCookieName(this.config, this.head.url)))
      throw this.#misused()
    this.head ??= given
  }

  /**
   * Takes a step that a request takes once.
   * @param after the step that comes before it in this kind of sign-in
   * @throws LazySetupError when another request has taken it
   */
  take(step: Step, after?: Step): void {
    this.requireOwnRequest()
    if (this.#step !== after) throw this.#misused()
    this.#step = step
  }

  /**
   * Notes the session that Auth.js found in the cookies of its request.
   * @throws LazySetupError when it found another one before
   */
  present(sessionToken: string): void {
    if (this.#issued.has(sessionToken)) return
    this.#presented ??= sessionToken
    if (this.#presented !== sessionToken) throw this.#misused()
  }

  /** Notes a session that was made in this request, whose cookie the handler behind a gate sees. */
  issue(sessionToken: string): void {
    this.#issued.add(sessionToken)
  }

  /** @throws LazySetupError when another request came through this configuration */
  requireOwnRequest(): void {
    if (this.#misuse) throw this.#misuse
  }

  /**
   * Checks that the lazy session which was decided about came with the request that Auth.js works on.
   * @throws LazySetupError when it came with another one
   */
  requirePresented(decision: ConvertDecision | MergeDecision | ProveDecision): void {
    // Credentials providers are handed the request, whose cookies were compared.
    if (decision.kind === "prove" || this.byCredentials) return
    if (this.#presented === undefined || !this.head || !holdsSession(this.head, this.#presented)) throw this.#misused()
  }

  #misused(): Error {
    this.#misuse ??= sharedConfiguration()
    return this.#misuse
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
    this.#current ??= readCurrentSession(this.#readerConfig(), this.adapter, this.strategy, this.head)
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
    return readEndedSession(this.#readerConfig(), this.strategy, this.head)
  }

  /** With the app's own reader: a token that comes to ours was found by Auth.js in the cookies of its request. */
  #readerConfig(): AuthConfig {
    return Object.create(this.config, { jwt: { value: { ...this.config.jwt, decode: this.app.decode } } })
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
