import type { AuthConfig } from "@auth/core"
import { DEFAULT_SESSION_MAX_AGE } from "../../store/users/session-life.js"
import { decodeToken, encodeToken } from "../token/codec.js"

/** The default of Auth.js: https://authjs.dev/reference/core#session */
const DEFAULT_UPDATE_AGE = 24 * 60 * 60

/** How sessions are made and how long they live, in seconds, with what Auth.js fills in. */
export function sessionSettings({ session, jwt, secret = "" }: AuthConfig) {
  const maxAge = session?.maxAge ?? DEFAULT_SESSION_MAX_AGE
  const updateAge = session?.updateAge ?? DEFAULT_UPDATE_AGE
  const tokenAge = jwt?.maxAge ?? maxAge
  return {
    maxAge,
    // Auth.js extends a JWT at every read. Here one that lives no longer than a day must not have to wait for one.
    updateAge:
      session?.strategy === "jwt" ? Math.min(updateAge, Math.floor(Math.min(maxAge, tokenAge) / 10)) : updateAge,
    jwt: { secret, encode: encodeToken, decode: decodeToken, ...jwt, maxAge: tokenAge },
  }
}

/** The longest that a session of this configuration can live without being used, in seconds. */
export function longestSession(config: AuthConfig): number {
  const { maxAge, jwt } = sessionSettings(config)
  return config.session?.strategy === "jwt" ? Math.max(maxAge, jwt.maxAge) : maxAge
}
