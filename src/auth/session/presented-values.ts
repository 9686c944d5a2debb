import type { AuthConfig } from "@auth/core"
import type { RequestHead } from "../request/head.js"
import { sessionCookieName } from "./cookie.js"
import { allSessionValues, isYieldingValue, sessionValues } from "./session-values.js"

/** Lists the session cookies of one request. Reads its `Cookie` header once. */
export class PresentedValues {
  #read: { cookie: string; values: string[] } | undefined

  /**
   * Makes the list of one request.
   * @param head returns the head of the request; undefined while it is not known
   */
  constructor(
    private readonly config: AuthConfig,
    private readonly head: () => RequestHead | undefined,
  ) {}

  /** The name of the session cookie, which is also the salt of a JWT in it. */
  get name(): string {
    return sessionCookieName(this.config, this.head()?.url ?? "")
  }

  /** The values to try as a session, which are a handful at most. */
  get values(): readonly string[] {
    const cookie = this.#cookie()
    if (this.#read?.cookie !== cookie) this.#read = { cookie, values: sessionValues(this.name, cookie) }
    return this.#read.values
  }

  /** Every value except this one, of which there may be many; for a sign-out. */
  everyOther(value: string | undefined): string[] {
    return allSessionValues(this.name, this.#cookie()).filter((other) => other !== value)
  }

  /**
   * Returns the value of the first session cookie for the value that Auth.js asks for: Auth.js joins
   * a whole cookie and the chunks of another session beside it into one value.
   */
  first(asked: string): string {
    const { values } = this
    const isJoined = !values.includes(asked) && values.some((value) => asked.startsWith(value))
    return isJoined ? (values[0] as string) : asked
  }

  /** Tells whether a value is only in chunks that give way to a sign-in. */
  isYielding(value: string): boolean {
    return isYieldingValue(this.name, this.#cookie(), value)
  }

  #cookie(): string {
    return this.head()?.headers.get("cookie") ?? ""
  }
}
