import type { AuthConfig } from "@auth/core"
import { decodeToken, encodeToken } from "./token-codec.js"

/** The default of Auth.js: https://authjs.dev/reference/core#session */
const DEFAULT_MAX_AGE = 30 * 24 * 60 * 60
const DEFAULT_UPDATE_AGE = 24 * 60 * 60

/** How sessions are made and how long they live, in seconds, with what Auth.js fills in. */
export function sessionSettings({ session, jwt, secret = "" }: AuthConfig) {
  const maxAge = session?.maxAge ?? DEFAULT_MAX_AGE
  return {
    maxAge,
    updateAge: session?.updateAge ?? DEFAULT_UPDATE_AGE,
    jwt: { secret, maxAge, encode: encodeToken, decode: decodeToken, ...jwt },
  }
}

/** The longest that a session of this configuration can live without being used, in seconds. */
export function longestSession(config: AuthConfig): number {
  const { maxAge, jwt } = sessionSettings(config)
  return config.session?.strategy === "jwt" ? Math.max(maxAge, jwt.maxAge) : maxAge
}
