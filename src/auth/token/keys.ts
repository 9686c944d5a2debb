import { createHash, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"

/** The keys that encrypt and authenticate the tokens of one secret and one salt. */
export interface TokenKey {
  /**
   * The start of every token of this key: the protected header, which names the key, and the empty
   * part of an encrypted key.
   */
  start: string
  /** The protected header as bytes. The tag authenticates it together with the rest. */
  header: Buffer
  authentication: KeyObject
  encryption: KeyObject
}

interface Entry {
  secret: string
  salt: string
  key: TokenKey
}

/**
 * The number of keys to keep: more than the cookies of one app need with several secrets. An app
 * with many tenants derives the rest again, as Auth.js always does.
 */
const MAX_ENTRIES = 64

/**
 * Derives the keys of secrets and salts as Auth.js does, once each, and keeps the last 64. Both
 * come from the configuration, so no visitor can fill or empty the list.
 */
export class TokenKeys {
  /**
   * Last used first. With two or three entries, comparing each is faster than hashing both strings.
   */
  #entries: Entry[] = []

  /** The number of keys that are kept. */
  get size(): number {
    return this.#entries.length
  }

  /**
   * Returns the key of a secret and a salt.
   * @throws TypeError when the secret is empty or the salt is not a string
   * @throws RangeError when the salt is longer than HKDF accepts
   */
  get(secret: string, salt: string): TokenKey {
    const known = this.#entries.find((entry) => entry.secret === secret && entry.salt === salt)
    const entry = known ?? { secret, salt, key: deriveKey(secret, salt) }
    if (entry !== this.#entries[0]) this.#putFirst(entry)
    return entry.key
  }

  #putFirst(entry: Entry): void {
    this.#entries = [entry, ...this.#entries.filter((other) => other !== entry)].slice(0, MAX_ENTRIES)
  }
}

/**
 * Derives a key as Auth.js does. A256CBC-HS512 takes two keys in one (RFC 7518, section 5.2.5);
 * Auth.js names it by its thumbprint (RFC 7638).
 */
function deriveKey(secret: string, salt: string): TokenKey {
  // HKDF accepts an empty secret, with which anyone could make tokens.
  if (!secret)
    throw new TypeError("The secret that encrypts tokens must not be empty. Set AUTH_SECRET: npx auth secret")
  const key = Buffer.from(hkdfSync("sha256", secret, salt, `Auth.js Generated Encryption Key (${salt})`, 64))
  const jwk = JSON.stringify({ k: key.toString("base64url"), kty: "oct" })
  const kid = createHash("sha512").update(jwk).digest("base64url")
  const header = Buffer.from(JSON.stringify({ alg: "dir", enc: "A256CBC-HS512", kid })).toString("base64url")
  return {
    start: `${header}..`,
    header: Buffer.from(header),
    authentication: createSecretKey(key.subarray(0, 32)),
    encryption: createSecretKey(key.subarray(32)),
  }
}
