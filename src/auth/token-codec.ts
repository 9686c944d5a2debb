import { randomUUID } from "node:crypto"
import { decode, encode, type JWT, type JWTDecodeParams, type JWTEncodeParams } from "@auth/core/jwt"
import { isPlainObject } from "./plain-data.js"
import { secondsNow } from "./token-claims.js"
import { openToken, parseToken, sealToken } from "./token-encryption.js"
import { TokenKeys } from "./token-keys.js"

/** The default of Auth.js: 30 days, in seconds. */
const MAX_AGE = 30 * 24 * 60 * 60
/** How many seconds clocks may differ, as in Auth.js. */
const TOLERANCE = 15

const keys = new TokenKeys()

/**
 * Makes the same tokens as the `encode` of Auth.js, and takes its place: it derives the key once, and not again for every token. What
 * JSON can't hold as it is (a date, a class, NaN) is left to Auth.js.
 *
 * @throws TypeError if there is no secret, or what `encode` throws
 */
export async function encodeToken(params: JWTEncodeParams): Promise<string> {
  const { token = {}, secret, maxAge = MAX_AGE, salt } = params
  if (!isPlainObject(token) || !Number.isFinite(maxAge)) return encode(params)
  const [newest = ""] = listSecrets(secret)
  const iat = secondsNow()
  const claims = { ...token, iat, exp: iat + maxAge, jti: randomUUID() }
  return sealToken(keys.get(newest, salt), JSON.stringify(claims))
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
