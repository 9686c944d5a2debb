import { randomUUID } from "node:crypto"
import { decode, encode, type JWT, type JWTDecodeParams, type JWTEncodeParams } from "@auth/core/jwt"
import { DEFAULT_SESSION_MAX_AGE } from "../../store/users/session-life.js"
import { secondsNow } from "./claims.js"
import { openToken, parseToken, sealToken } from "./encryption.js"
import { TokenKeys } from "./keys.js"
import { isPlainObject } from "./plain-data.js"

/** The seconds by which clocks may differ, as in Auth.js. */
const TOLERANCE = 15

const keys = new TokenKeys()

/** A token and its claims. */
export interface MintedToken {
  value: string
  /** The claims as JSON. */
  claims: string
}

/**
 * Makes the same tokens as `encode` of Auth.js, but derives the key once instead of for every
 * token. Leaves to Auth.js what JSON can't represent (a date, a class, NaN).
 * @throws TypeError when there is no secret
 * @throws Error of `encode`
 */
export async function encodeToken(params: JWTEncodeParams): Promise<string> {
  return mintToken(params)?.value ?? encode(params)
}

/**
 * Makes a token and returns it with its claims. Returns undefined where `encodeToken` leaves the
 * work to Auth.js.
 * @throws TypeError when there is no secret
 */
export function mintToken({
  token = {},
  secret,
  maxAge = DEFAULT_SESSION_MAX_AGE,
  salt,
}: JWTEncodeParams): MintedToken | undefined {
  if (!isPlainObject(token) || !Number.isFinite(maxAge)) return undefined
  const [newest = ""] = listSecrets(secret)
  const iat = secondsNow()
  const own = { iat, exp: iat + maxAge, jti: randomUUID() }
  // V8 takes long to add keys to an object that begins with a copy.
  const claims = JSON.stringify(Object.assign({ jti: own.jti, ...token }, own))
  return { value: sealToken(keys.get(newest, salt), claims), claims }
}

/**
 * Accepts the same tokens as `decode` of Auth.js. Reads those that `encodeToken` or Auth.js could
 * have written, and leaves other forms (another header, another key, padding) to Auth.js. Returns
 * null when there is no token.
 * @throws Error when the token is forged, expired, not valid yet, or made with none of the secrets
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

// Decode strictly, as Auth.js does: lenient decoding would read other claims from broken bytes.
const utf8 = new TextDecoder("utf-8", { fatal: true })

function readClaims(bytes: Buffer): JWT {
  const claims: unknown = JSON.parse(utf8.decode(bytes))
  if (!isClaimsSet(claims)) throw new Error("The token has no claims.")
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
  throw new Error(`The claim "${claim}" of the token must be a number.`)
}
