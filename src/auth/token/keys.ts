import { createHash, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"

/** What encrypts and decrypts the tokens of one secret and one salt. */
export interface TokenKey {
  /** How each of its tokens begins: with their protected header, which names the key, and the empty place of an encrypted key. */
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

/** More than the cookies of one app under a handful of secrets; an app of many tenants derives the rest anew, as Auth.js does always. */
const MAX_ENTRIES = 64

/**
 * The keys that Auth.js derives from secrets and salts, each derived once and remembered in the memory of this process until 64
 * others have been asked for. Secrets and salts (names of cookies) come from the configuration: no visitor can fill this or empty it.
 */
export class TokenKeys {
  /** Last used first. There are two or three, so looking at them one by one is faster than hashing both strings. */
  #entries: Entry[] = []

  /** How many keys are remembered. */
  get size(): number {
    return this.#entries.length
  }

  /** @throws TypeError if the secret is empty or the salt no string, RangeError if the salt is longer than HKDF takes */
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

/** A256CBC-HS512 takes two keys in one (RFC 7518, section 5.2.5); Auth.js names it by its thumbprint (RFC 7638). */
function deriveKey(secret: string, salt: string): TokenKey {
  // HKDF would take it, and everybody could make tokens.
  if (!secret) throw new TypeError("A secret to encrypt tokens with has at least one character.")
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
