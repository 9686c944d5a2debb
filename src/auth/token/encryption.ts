import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto"
import { randomBytes } from "../../random-bytes.js"
import type { TokenKey } from "./keys.js"

/** The parts of a token that differ from one to the next. */
export interface SealedToken {
  iv: Buffer
  ciphertext: Buffer
  tag: Buffer
}

const CIPHER = "aes-256-cbc"
const IV_BYTES = 16
const TAG_BYTES = 32

/**
 * Encrypts text into a token: a JWE in compact form, with direct encryption by A256CBC-HS512 (RFC
 * 7516; RFC 7518, section 5.2).
 */
export function sealToken(key: TokenKey, text: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key.encryption, iv)
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
  const parts = [iv, ciphertext, computeTag(key, iv, ciphertext)]
  return key.start + parts.map((part) => part.toString("base64url")).join(".")
}

/**
 * Splits a token whose header is that of its key. Returns undefined unless the rest is written
 * exactly as `sealToken` writes it; other decoders of base64url accept more.
 */
export function parseToken(key: TokenKey, token: string): SealedToken | undefined {
  const parts = token.slice(key.start.length).split(".", 4)
  const [iv, ciphertext, tag] = parts.map(decodeExactly)
  if (parts.length !== 3 || !ciphertext || iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES) return undefined
  return { iv, ciphertext, tag }
}

/**
 * Decrypts a token, after checking that it was made with this key and is unchanged.
 * @throws Error when the token was changed or made with another key
 */
export function openToken(key: TokenKey, { iv, ciphertext, tag }: SealedToken): Buffer {
  if (!timingSafeEqual(tag, computeTag(key, iv, ciphertext))) throw new Error("The token has been changed.")
  const decipher = createDecipheriv(CIPHER, key.encryption, iv)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

function computeTag(key: TokenKey, iv: Buffer, ciphertext: Buffer): Buffer {
  const headerBits = Buffer.alloc(8)
  headerBits.writeUInt32BE(key.header.length * 8, 4)
  const authenticated = Buffer.concat([key.header, iv, ciphertext, headerBits])
  return createHmac("sha512", key.authentication).update(authenticated).digest().subarray(0, TAG_BYTES)
}

function decodeExactly(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url")
  return bytes.toString("base64url") === part ? bytes : undefined
}
