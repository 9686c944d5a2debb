import type { AuthConfig } from "@auth/core"
import type { JWT, JWTDecodeParams } from "@auth/core/jwt"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { RequestHead } from "../request/head.js"
import { claimsHold } from "../token/claims.js"
import { decodeToken } from "../token/codec.js"
import { isSessionKey } from "./cookie.js"
import { type CurrentSession, type EndedSession, isAlive, type SessionAndUser } from "./current-session.js"
import { isNamedById, withSubject } from "./named-by-id.js"
import { PresentedValues } from "./presented-values.js"

/** The parts of a configuration that reading a session needs. */
export interface SessionSource {
  readonly config: AuthConfig
  readonly adapter: Pick<InternalAdapter, "getSessionAndUser" | "getUser">
  readonly strategy: "jwt" | "database"
  /** The app's own `jwt.decode`. */
  readonly decode: NonNullable<AuthConfig["jwt"]>["decode"]
  /** Whether every token of this library has its claims: not under a codec of the app's own. */
  readonly keepsClaims: boolean
}

/**
 * The result of the last reading; `asked` is the value of the session cookie that it began with.
 */
type Reading =
  | { kind: "unread" }
  /** No cookie held a session, or it had expired. */
  | { kind: "none"; asked: string }
  /** The session was ended before it expired: its user has converted, signed out, or is gone. */
  | { kind: "ended"; asked: string }
  /** It can't be read. Auth.js then continues as if there were none. */
  | { kind: "failed"; error: unknown }
  | { kind: "row"; asked: string; value: string; found: SessionAndUser }
  /** `user` is undefined until the database is asked. */
  | { kind: "token"; asked: string; value: string; token: JWT; user?: UserRow | null }

/**
 * Reads the session of one request, for Auth.js, the gate, the convert page and the providers. Of
 * several session cookies, the first live one counts. The providers reuse an earlier reading.
 */
export class SessionReader {
  #reading: Reading = { kind: "unread" }
  #current: Promise<CurrentSession | null> | undefined
  /** The session cookies of the request. */
  readonly presented: PresentedValues

  /**
   * Makes the reader of one request.
   * @param head returns the head of the request; undefined while it is not known
   */
  constructor(
    private readonly source: SessionSource,
    private readonly head: () => RequestHead | undefined,
  ) {
    this.presented = new PresentedValues(source.config, head)
  }

  /** Whether the session was ended before it expired. */
  get isEnded(): boolean {
    return this.#reading.kind === "ended"
  }

  /** Why Auth.js could not read the session; undefined when it could. */
  get failure(): unknown {
    return this.#reading.kind === "failed" ? this.#reading.error : undefined
  }

  /** Whether the session that was found is only in chunks that give way to a sign-in. */
  get yields(): boolean {
    return "value" in this.#reading && this.presented.isYielding(this.#reading.value)
  }

  /** Records that the session was ended. */
  end(): void {
    const [asked = ""] = this.presented.values
    this.#reading = { kind: "ended", asked }
  }

  /** Records that Auth.js could not read the session. */
  fail(error: unknown): void {
    this.#reading = { kind: "failed", error }
  }

  /** Returns the token of the live session instead of the dead one that Auth.js asked for. */
  live(asked: string): string {
    const reading = this.#reading
    return "value" in reading && reading.asked === this.presented.first(asked) ? reading.value : asked
  }

  /**
   * Finds the live row among all session cookies of the browser; Auth.js reads only the first
   * cookie with the name. Without a live one, returns the row that was asked for.
   */
  async row(asked: string): Promise<SessionAndUser | null> {
    const { adapter, config } = this.source
    const first = await adapter.getSessionAndUser(asked)
    if (first && isAlive(first)) return this.#sawRow(asked, asked, first)
    for (const value of this.#others(asked)) {
      const found = await adapter.getSessionAndUser(value)
      if (found && isAlive(found)) return this.#sawRow(asked, value, found)
    }
    this.#reading = { kind: !first && isSessionKey(config, asked) ? "ended" : "none", asked }
    return first
  }

  #sawRow(asked: string, value: string, found: SessionAndUser): SessionAndUser {
    this.#reading = { kind: "row", asked, value, found }
    return found
  }

  /**
   * Decodes the live token among all session cookies of the browser; Auth.js reads only the first
   * cookie with the name.
   * @throws Error of `jwt.decode`
   */
  async token(params: JWTDecodeParams & { token: string }): Promise<JWT | null> {
    const { decode = decodeToken } = this.source
    const { token: asked } = params
    try {
      const others = this.#others(asked)
      for (const value of others.length > 0 ? [asked, ...others] : []) {
        const read = await decoded(() => decode({ ...params, token: value }))
        const token = isNamedById(read) ? await withSubject(read, (id) => this.owner(id)) : read
        if (!token?.sub) continue
        this.#reading = { kind: "token", asked, value, token }
        if (await this.#mayHold(token, token.sub)) return token
      }
      const read = await decode(params)
      const token = isNamedById(read) ? await withSubject(read, (id) => this.owner(id)) : read
      this.#reading = token ? { kind: "token", asked, value: asked, token } : { kind: "none", asked }
      return token
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /**
   * Reads the user of a token from the database.
   * @throws Error of the database
   */
  async owner(userId: string): Promise<UserRow | null> {
    const user = (await this.source.adapter.getUser(userId)) as UserRow | null
    if (this.#reading.kind === "token" && this.#reading.token.sub === userId) this.#reading.user = user
    return user
  }

  /**
   * Returns the session that came with the request, and reads it once. Returns null when there is
   * none, it has ended, or its user is gone.
   * @throws Error of the database
   */
  current(): Promise<CurrentSession | null> {
    if (!this.head()) return Promise.resolve(null)
    this.#current ??= this.#readCurrent()
    return this.#current
  }

  async #readCurrent(): Promise<CurrentSession | null> {
    const [first] = this.presented.values
    if (first === undefined) return null
    if (!("asked" in this.#reading) || this.#reading.asked !== first) await this.#read(first)
    const reading = this.#reading as Reading
    // Copy the row: a conversion changes the object that Auth.js received.
    if (reading.kind === "row") return { sessionToken: reading.value, user: { ...(reading.found.user as UserRow) } }
    if (reading.kind !== "token" || !reading.token.sub) return null
    const user = reading.user === undefined ? await this.owner(reading.token.sub) : reading.user
    return user && claimsHold(reading.token, user, this.source.keepsClaims)
      ? { sessionToken: reading.value, user }
      : null
  }

  async #read(asked: string): Promise<void> {
    const { strategy, config } = this.source
    if (strategy === "database") await this.row(asked)
    else if (config.secret?.length)
      // Like Auth.js, treat a token that is forged, expired or under a lost secret as no session.
      await this.token({ secret: config.secret, ...config.jwt, token: asked, salt: this.presented.name }).catch(
        () => null,
      )
  }

  /**
   * Reads the session cookie when no session is live. Returns null when there is no cookie or it
   * never held a session. With database sessions, a deleted row and a made-up key look alike.
   */
  async ended(): Promise<EndedSession | null> {
    const { strategy, config, decode = decodeToken } = this.source
    const [token] = this.presented.values
    if (token === undefined) return null
    if (strategy === "database") return isSessionKey(config, token) ? {} : null
    const { secret } = config
    if (!secret?.length) return null
    const claims = await decoded(() => decode({ secret, ...config.jwt, token, salt: this.presented.name }))
    return claims?.sub ? { userId: claims.sub } : null
  }

  /**
   * Lists the users of the JWTs in all session cookies except this one. With database sessions,
   * Auth.js deletes the rows.
   */
  async otherSubjects(subject: string | undefined): Promise<string[]> {
    const { strategy, config, decode = decodeToken } = this.source
    const { secret } = config
    if (strategy === "database" || !secret?.length) return []
    const values = this.presented.everyOther(undefined)
    if (values.length < 2) return []
    const read = (token: string) => decoded(() => decode({ secret, ...config.jwt, token, salt: this.presented.name }))
    const subjects = (await Promise.all(values.map(read))).map((token) => token?.sub)
    return subjects.filter((each) => each !== undefined && each !== subject) as string[]
  }

  #others(value: string): string[] {
    return this.presented.values.filter((other) => other !== value)
  }

  /**
   * Tells whether a token may hold. Counts a failing database as yes: the next request checks
   * again.
   */
  async #mayHold(token: JWT, userId: string): Promise<boolean> {
    try {
      const user = await this.owner(userId)
      return user !== null && claimsHold(token, user, this.source.keepsClaims)
    } catch {
      return true
    }
  }
}

async function decoded(decode: () => JWT | null | PromiseLike<JWT | null>): Promise<JWT | null> {
  try {
    return await decode()
  } catch {
    // Like Auth.js, treat a token that is forged, expired or under a lost secret as no session.
    return null
  }
}
