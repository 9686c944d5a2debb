import type { AuthConfig } from "@auth/core"
import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import { LazySetupError } from "../../errors.js"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { TakeCreation } from "../config/limits.js"
import { logError } from "../config/log-error.js"
import type { EventRequest, LazyEvents } from "../config/options.js"
import type { SharedLimiters } from "../config/shared-limiters.js"
import { keyOf, UNREADABLE, wholeAddress, writtenAddress } from "../request/client-address.js"
import type { RequestHead } from "../request/head.js"
import { wholeRequest } from "../request/public-url.js"
import { visitorAddress } from "../request/visitor-address.js"
import type { SessionAndUser } from "../session/current-session.js"
import { SessionReader } from "../session/reader.js"
import type { TokenChecks } from "../token/claims.js"
import type { MintedToken } from "../token/codec.js"
import type { AppContext } from "./app-context.js"
import type { SignInDecision, SignInMethod } from "./decision.js"
import { OwnRequest } from "./own-request.js"

/**
 * The sources of what is known about the visitor, read only when needed: most pages need only the
 * session, and some frameworks throw when they don't know the address.
 */
export interface Incoming {
  readHead?: () => RequestHead
  getClientAddress?: () => string
}

/** A user, with its database session if it has one, that Auth.js received. */
interface HandedOut extends Pick<SessionAndUser, "user">, Partial<Pick<SessionAndUser, "session">> {}

/** The objects that Auth.js received and returned before the last step of a sign-in. */
export interface Exchange {
  /** The identity that Auth.js linked before the decision was written. */
  account?: AdapterAccount
  /** The passkey of that identity. */
  authenticator?: AdapterAuthenticator
  /** Calls of the app's events, in the order of Auth.js. */
  readonly events: (() => Promise<void>)[]
  /** The objects that Auth.js received in this request and still uses. */
  readonly handedOut: HandedOut[]
  /** The id of the user for whom Auth.js makes a token. */
  tokenFor?: string
  /** The token of a session that this request made. */
  minted?: MintedToken
  /** The id under which this request makes a lazy user. */
  newId?: string
  /** The ids of the lazy users whose sessions Auth.js deleted. */
  readonly signedOut: string[]
  /** Work that waits for the end of a sign-in, and never fails. */
  readonly afterwards: (() => Promise<void>)[]
}

/**
 * Holds the state that the providers and callbacks of one request share. `withLazy` makes one for
 * each request.
 */
export class RequestContext {
  /** How the visitor signs in. */
  method: SignInMethod = { kind: "unknown" }
  /** The change that the request makes to the session of its browser. */
  decision: SignInDecision = { kind: "nothing" }
  readonly exchange: Exchange = { events: [], handedOut: [], signedOut: [], afterwards: [] }
  /** The request that this configuration belongs to. */
  readonly request: OwnRequest
  /** Reads the session of the request. */
  readonly session: SessionReader
  #written: string | undefined

  /**
   * Makes the context of one request.
   * @param config the configuration as Auth.js sees it; read it late, since the defaults of the
   * environment (`secret`) are added after it was built
   */
  constructor(
    readonly config: AuthConfig,
    private readonly app: AppContext,
    private readonly incoming: Incoming,
  ) {
    const { adapter, strategy, decode, keepsClaims } = app
    const request = new OwnRequest(config, incoming.readHead)
    this.request = request
    this.session = new SessionReader({ config, adapter, strategy, decode, keepsClaims }, () => request.head)
  }

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

  get keepsClaims(): boolean {
    return this.app.keepsClaims
  }

  get longestSession(): number {
    return this.app.longestSession
  }

  get updateAge(): number {
    return this.app.updateAge
  }

  /** When a JWT session is checked against the database. */
  get checks(): TokenChecks {
    const { adapter, options, updateAge } = this.app
    return { recheck: options.recheck, updateAge, checksReal: adapter.lazy.hasInactiveUsers }
  }

  get takeCreation(): TakeCreation {
    return this.app.takeCreation
  }

  get limiters(): SharedLimiters {
    return this.app.limiters
  }

  /** The head of the request; see {@link OwnRequest.head}. */
  get head(): RequestHead | undefined {
    return this.request.head
  }

  /** Returns the request for a function of the app, which expects a whole one. */
  wholeRequest(): Request {
    if (!this.head) throw new Error("Auth.js has not passed the request yet, so no whole request can be made of it.")
    return wholeRequest(this.head)
  }

  /**
   * Returns the key under which the limits count the client; undefined when its address is unknown.
   */
  client(): string | undefined {
    const written = this.#writtenAddress()
    if (written === undefined) return undefined
    const key = keyOf(written)
    if (key === undefined && this.limiters.isFirst("unreadable address"))
      logError(this.config, unreadableAddress(written, this.options.trustProxy?.header))
    return key ?? UNREADABLE
  }

  /** Returns the request as the events of this library tell it, with headers of their own. */
  eventRequest(): EventRequest {
    const { method, headers } = this.wholeRequest()
    const written = this.#writtenAddress()
    const address = written === undefined ? undefined : wholeAddress(written)
    return { method, headers: new Headers(headers), address: address ?? null }
  }

  /** Reads the address once, since the connection of a client that disconnects loses it. */
  #writtenAddress(): string | undefined {
    const { trustProxy } = this.options
    this.#written ??= writtenAddress(this.head?.headers, () => visitorAddress(this.incoming)?.(), trustProxy)
    return this.#written
  }

  /** Makes the token and the expiry of a database session. Returns undefined with JWT sessions. */
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
 * Explains a client address that can't be parsed. Logged once, since it may affect every request.
 */
function unreadableAddress(written: string, header: string | undefined): Error {
  const source = header === undefined ? "getClientAddress" : `the header "${header}" (lazy.trustProxy)`
  const shown = JSON.stringify(written.slice(0, 80))
  return new LazySetupError(
    `The address of a client can't be read: ${source} holds ${shown}. The limits count all such clients as one. ` +
      'Set the header and the number of hops of your proxy: lazy: { trustProxy: { header: "x-forwarded-for", hops: 1 } }.',
  )
}

/** The parts of a configuration that `withLazy` makes for each request, and copies of it share. */
const PARTS = ["adapter", "callbacks", "events", "providers"] as const

/** Shared by all copies of this library in one process; tsx can load two. */
const CONTEXT: unique symbol = Symbol.for("authjs-lazy request context 2")

/** A part of a configuration. A function keeps the context out of what `console.log` prints. */
interface Part {
  [CONTEXT]?: () => RequestContext
}

/**
 * Remembers the context of a configuration in each of its parts, which copies of them keep. A
 * `WeakMap` would cost the garbage collector more than all the rest of the configuration.
 */
export function keepContext(config: AuthConfig, context: RequestContext): void {
  const tell = () => context
  for (const name of PARTS) {
    const part = config[name] as Part | undefined
    if (part) part[CONTEXT] = tell
  }
}

/**
 * Returns the context of a configuration that `withLazy` made, or of a changed copy of it. Returns
 * undefined for any other configuration.
 */
export function contextOf(config: AuthConfig): RequestContext | undefined {
  for (const name of PARTS) {
    const context = (config[name] as Part | undefined)?.[CONTEXT]
    if (context) return context()
  }
  return undefined
}
