import type { AuthConfig } from "@auth/core"
import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import type { Account } from "@auth/core/types"
import { LazySetupError } from "../../errors.js"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { TakeCreation } from "../config/limits.js"
import { logError } from "../config/log-error.js"
import { holdsSession, sameVisitor, sharedConfiguration } from "../config/one-request.js"
import type { LazyEvents, LazyOptions } from "../config/options.js"
import type { SharedLimiters } from "../config/shared-limiters.js"
import { keyOf, UNREADABLE, writtenAddress } from "../request/client-address.js"
import type { RequestHead } from "../request/head.js"
import { wholeRequest } from "../request/public-url.js"
import { visitorAddress } from "../request/visitor-address.js"
import { readSessionCookies, sessionCookieName } from "../session/cookie.js"
import type { SessionAndUser } from "../session/current.js"
import { type CurrentSession, type EndedSession, readCurrentSession, readEndedSession } from "../session/current.js"
import type { MintedToken } from "../token/codec.js"
import type { ConvertDecision, MergeDecision, ProveDecision, SignInDecision } from "./decision.js"
import type { SignInPlan } from "./sign-in-plan.js"

/** What is the same for every request of an app. */
export interface AppContext {
  readonly adapter: InternalAdapter
  readonly options: Required<Pick<LazyOptions, "enabled" | "recheck">> & LazyOptions
  readonly events: LazyEvents
  readonly strategy: "jwt" | "database"
  /** How many seconds a session lives: `session.maxAge` of Auth.js. */
  readonly maxAge: number
  /** How many seconds a session goes on before its use is recorded: `session.updateAge` of Auth.js. */
  readonly updateAge: number
  readonly generateSessionToken: (() => string) | undefined
  readonly takeCreation: TakeCreation
  /** Counters in memory that outlive the configuration. */
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

/** What Auth.js asked to be written or announced before the decision was carried out. */
export interface Held {
  account?: AdapterAccount
  authenticator?: AdapterAuthenticator
  /** Calls the app's events in the order in which Auth.js meant to. */
  events: (() => Promise<void>)[]
}

/** A user, and its database session if there is one, that Auth.js was given. */
export interface HandedOut extends Pick<SessionAndUser, "user">, Partial<Pick<SessionAndUser, "session">> {}

/** The steps at the beginning of a sign-in, each of which a request takes once. */
export type Step = "authorize" | "open-link" | "sign-in"

/** What the providers and callbacks of one request share. Made by `withLazy` for each request; nothing in it outlives the request. */
export class RequestContext {
  /** What the provider that is signing somebody in wants done; set by `authorize`. */
  plan: SignInPlan | undefined
  /** Somebody signs in by a password, which may be removed before the session is written. */
  byPassword = false
  /** The session that came with the request was ended before it expired; set when the database was asked. */
  sessionEnded = false
  /**
   * The live session among several cookies, and the dead one that Auth.js asked for because it
   * reads the first.
   */
  liveSession: { asked: string; live: string } | undefined
  /** Why the session could not be read when Auth.js asked for it. Auth.js then goes on as if there were none. */
  unread: unknown
  /** Somebody signs in through a credentials provider, which is handed the request. */
  byCredentials = false
  /** The decision about the session of the request, made once the identity is proven. */
  decision: SignInDecision = { kind: "nothing" }
  readonly held: Held = { events: [] }
  /** Emits the event of the conversion or merge. */
  announce: (() => Promise<void>) | undefined
  /** The id of the user that Auth.js makes a token for. */
  tokenFor: string | undefined
  /** The lazy user that the purge spares after a failed merge, and until when. */
  leaves: { userId: string; until: Date } | undefined
  /** Whether the lazy user of this session asked for the e-mail link that was opened. */
  askedHere = false
  /** The passkey whose signature Auth.js verified in this request. */
  assertedPasskey: Pick<Account, "provider" | "providerAccountId"> | undefined
  /** The ids of the lazy users whose sessions were just deleted. */
  readonly signedOut: string[] = []
  /** The session objects that Auth.js was given in this request and still uses. */
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

  get adapter(): InternalAdapter {
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
   * Stores the head of the request that Auth.js gives to a provider.
   * @throws LazySetupError when the configuration was made for another request
   */
  learnHead(given: RequestHead): void {
    if (this.head && !sameVisitor(this.head, given, sessionCookieName(this.config, this.head.url)))
      throw this.#misused()
    this.head ??= given
  }

  /**
   * Records a step that a request takes once.
   * @param after the step that must come before it in this kind of sign-in
   * @throws LazySetupError when another request has taken it
   */
  take(step: Step, after?: Step): void {
    this.requireOwnRequest()
    if (this.#step !== after) throw this.#misused()
    this.#step = step
  }

  /**
   * Records the session that Auth.js found in the cookies of its request.
   * @throws LazySetupError when Auth.js found another one before
   */
  present(sessionToken: string): void {
    if (this.#issued.has(sessionToken)) return
    this.#presented ??= sessionToken
    if (this.#presented !== sessionToken) throw this.#misused()
  }

  /** Records a session that was made in this request; the handler behind a gate sees its cookie. */
  issue(sessionToken: string): void {
    this.#issued.add(sessionToken)
  }

  /**
   * Refuses to go on once this configuration was used for another request.
   * @throws LazySetupError when it was
   */
  requireOwnRequest(): void {
    if (this.#misuse) throw this.#misuse
  }

  /**
   * Checks that the lazy session of this decision came with the request that Auth.js handles.
   * @throws LazySetupError when it came with another request
   */
  requirePresented(decision: ConvertDecision | MergeDecision | ProveDecision): void {
    // `learnHead` has compared the cookies of the request that a credentials provider was given.
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

  /**
   * Returns the key under which the limits count the client; undefined when its address is unknown.
   */
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

  /** Returns every value of the session cookie except this one. */
  otherSessionCookies(value: string | undefined): string[] {
    const { head } = this
    if (!head) return []
    const place = { url: head.url, cookie: head.headers.get("cookie") ?? "" }
    return readSessionCookies(this.config, place).filter((other) => other !== value)
  }

  /** Reads what the session cookie says where no session is live. */
  endedSession(): Promise<EndedSession | null> {
    if (!this.head) return Promise.resolve(null)
    return readEndedSession(this.#readerConfig(), this.strategy, this.head)
  }

  /**
   * Returns the configuration with the app's own `jwt.decode`. Ours records each token as one that
   * Auth.js found in its request.
   */
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

/**
 * Explains a client address that can not be parsed. Logged once, because it may affect every
 * request.
 */
function unreadableAddress(written: string, header: string | undefined): Error {
  const source = header === undefined ? "getClientAddress" : `the header "${header}" (lazy.trustProxy)`
  const told = JSON.stringify(written.slice(0, 80))
  return new LazySetupError(
    `The address of a client can't be read: ${source} says ${told}. The limits count all such clients as one. ` +
      'Set the header and the number of hops of your proxy: lazy: { trustProxy: { header: "x-forwarded-for", hops: 1 } }.',
  )
}

/** The user object that passes through Auth.js: a row of the user table. */
export type SignInUser = UserRow
