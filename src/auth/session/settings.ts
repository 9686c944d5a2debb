import type { AuthConfig } from "@auth/core"
import { DEFAULT_SESSION_MAX_AGE } from "../../store/users/session-life.js"
import { decodeToken, encodeToken } from "../token/codec.js"

/** The default of Auth.js: https://authjs.dev/reference/core#session */
const DEFAULT_UPDATE_AGE = 24 * 60 * 60

/** Returns the settings of sessions, in seconds, with the defaults of Auth.js. */
export function sessionSettings({ session, jwt, secret = "" }: AuthConfig) {
  const maxAge = session?.maxAge ?? DEFAULT_SESSION_MAX_AGE
  const updateAge = session?.updateAge ?? DEFAULT_UPDATE_AGE
  const tokenAge = jwt?.maxAge ?? maxAge
  return {
    maxAge,
    // Auth.js extends a JWT at every read. Here, a short-lived token is extended after a tenth of
    // its life instead of a whole day.
    updateAge:
      session?.strategy === "jwt" ? Math.min(updateAge, Math.floor(Math.min(maxAge, tokenAge) / 10)) : updateAge,
    jwt: { secret, encode: encodeToken, decode: decodeToken, ...jwt, maxAge: tokenAge },
  }
}

/** Returns the longest time that a session can live without being used, in seconds. */
export function longestSession(config: AuthConfig): number {
  const { maxAge, jwt } = sessionSettings(config)
  return config.session?.strategy === "jwt" ? Math.max(maxAge, jwt.maxAge) : maxAge
}
