import { randomUUID } from "node:crypto"
import { decode, encode, type JWT, type JWTDecodeParams, type JWTEncodeParams } from "@auth/core/jwt"
import { DEFAULT_SESSION_MAX_AGE } from "../../store/users/session-life.js"
import { secondsNow } from "./claims.js"
import { openToken, parseToken, sealToken } from "./encryption.js"
import { TokenKeys } from "./keys.js"
import { isPlainObject } from "./plain-data.js"

/** How many seconds clocks may differ, as in Auth.js. */
const TOLERANCE = 15

const keys = new TokenKeys()

/** A token and what it says. */
export interface MintedToken {
  value: string
  /** The claims as JSON. */
  claims: string
}

/**
 * Makes the same tokens as the `encode` of Auth.js, and takes its place: it derives the key once, and not again for every token. What
 * JSON can't hold as it is (a date, a class, NaN) is left to Auth.js.
 *
 * @throws TypeError if there is no secret, or what `encode` throws
 */
export async function encodeToken(params: JWTEncodeParams): Promise<string> {
  return mintToken(params)?.value ?? encode(params)
}

/** What `encodeToken` makes, together with what is in it; undefined where it leaves that to Auth.js. */
export function mintToken({
  token = {},
  secret,
  maxAge = DEFAULT_SESSION_MAX_AGE,
  salt,
}: JWTEncodeParams): MintedToken | undefined {
  if (!isPlainObject(token) || !Number.isFinite(maxAge)) return undefined
  const [newest = ""] = listSecrets(secret)
  const iat = secondsNow()
  const claims = JSON.stringify({ ...token, iat, exp: iat + maxAge, jti: randomUUID() })
  return { value: sealToken(keys.get(newest, salt), claims), claims }
}

/**
 * Accepts the same tokens as the `decode` of Auth.js, and takes its place. Tokens that `encodeToken` or Auth.js could have written are
 * read here; those of any other form (another header, another key, padding) are left to Auth.js, which knows about all of them. Null
 * when there is no token.
 *
 * @throws Error if the token is forged, expired, not valid yet, or of none of the secrets
 */
export async function decodeToken(params: JWTDecodeParams): Promise<JWT | null> {
  const { token, secret, salt } = params
  if (!token) return null
  for (const each of listSecrets(secret)) {
    const key = keys.get(each, salt)
    if (!token.startsWith(key.start)) continue
    const sealed = parseToken(key, token)
    return sealed ? readClaims(openToken(key, sealed)) : decode(params)
  }
  return decode(params)
}

function listSecrets(secret: string | string[]): string[] {
  return Array.isArray(secret) ? secret : [secret]
}

// Decoding leniently would read other claims from broken bytes than Auth.js, which refuses them.
const utf8 = new TextDecoder("utf-8", { fatal: true })

function readClaims(bytes: Buffer): JWT {
  const claims: unknown = JSON.parse(utf8.decode(bytes))
  if (!isClaimsSet(claims)) throw new Error("The token holds no claims.")
  const now = secondsNow()
  if ((readTime(claims, "nbf") ?? now) > now + TOLERANCE) throw new Error("The token is not valid yet.")
  if ((readTime(claims, "exp") ?? Number.POSITIVE_INFINITY) <= now - TOLERANCE) {
    throw new Error("The token has expired.")
  }
  readTime(claims, "iat")
  return claims
}

function isClaimsSet(claims: unknown): claims is JWT {
  return typeof claims === "object" && claims !== null && !Array.isArray(claims)
}

function readTime(claims: JWT, claim: "iat" | "nbf" | "exp"): number | undefined {
  const time = claims[claim]
  if (time === undefined || typeof time === "number") return time
  throw new Error(`The claim "${claim}" of the token is no number.`)
}
