import type { AuthConfig } from "@auth/core"
import { holdsSession, sameVisitor, sharedConfiguration } from "../config/one-request.js"
import type { RequestHead } from "../request/head.js"
import { sessionCookieName } from "../session/cookie.js"

/** The steps at the beginning of a sign-in, each of which a request takes once. */
export type Step = "authorize" | "open-link" | "sign-in"

/**
 * Holds the request that a configuration belongs to, and checks that Auth.js uses the configuration
 * for no other request.
 */
export class OwnRequest {
  #head: RequestHead | undefined
  #step: Step | undefined
  #presented: string | undefined
  readonly #issued: string[] = []
  #misuse: Error | undefined

  /**
   * Makes the holder of one request.
   * @param readHead reads the head when it is needed; undefined while the request is not known
   */
  constructor(
    private readonly config: AuthConfig,
    private readonly readHead: (() => RequestHead) | undefined,
  ) {}

  /**
   * The head of the request. Unknown until Auth.js calls a provider when it asks for a
   * configuration without a request (server actions).
   */
  get head(): RequestHead | undefined {
    this.#head ??= this.readHead?.()
    return this.#head
  }

  /**
   * Stores the head of the request that Auth.js gives to a provider.
   * @throws LazySetupError when the configuration was made for another request
   */
  learn(given: RequestHead): void {
    const { head } = this
    if (head && !sameVisitor(head, given, sessionCookieName(this.config, head.url))) throw this.#misused()
    this.#head ??= given
  }

  /**
   * Records a step that a request takes once.
   * @param after the step that must come before it in this kind of sign-in
   * @throws LazySetupError when another request has taken it
   */
  take(step: Step, after?: Step): void {
    this.requireUnmixed()
    if (this.#step !== after) throw this.#misused()
    this.#step = step
  }

  /**
   * Records the session that Auth.js found in the cookies of its request.
   * @returns false for a session that was made in this request
   * @throws LazySetupError when Auth.js found another one before
   */
  present(sessionToken: string): boolean {
    if (this.#issued.includes(sessionToken)) return false
    this.#presented ??= sessionToken
    if (this.#presented !== sessionToken) throw this.#misused()
    return true
  }

  /** Records a session that this request made; the handler behind a gate sees its cookie. */
  issue(sessionToken: string): void {
    this.#issued.push(sessionToken)
  }

  /**
   * Checks that this configuration was used for one request only.
   * @throws LazySetupError when it was used for another
   */
  requireUnmixed(): void {
    if (this.#misuse) throw this.#misuse
  }

  /**
   * Checks that the session that Auth.js found came with this request.
   * @throws LazySetupError when it came with another request
   */
  requirePresented(): void {
    if (this.#presented === undefined || !this.head || !holdsSession(this.head, this.#presented)) throw this.#misused()
  }

  #misused(): Error {
    this.#misuse ??= sharedConfiguration()
    return this.#misuse
  }
}
