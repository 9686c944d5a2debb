import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto"
import { isoCBOR } from "@simplewebauthn/server/helpers"
import type { Browser } from "./browser-jar.js"

/**
 * Flags of authenticator data: user present and verified; the second adds an attached credential.
 * https://www.w3.org/TR/webauthn-3/#flags
 */
const PRESENT_AND_VERIFIED = 0x05
const WITH_CREDENTIAL = 0x45

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url")
const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest()

/**
 * Acts as a passkey with the attestation "none". It takes any credential id it is given, like that
 * of an attacker.
 */
export class SoftPasskey {
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  #count = 0

  constructor(
    private readonly origin: string,
    readonly id = base64(randomBytes(16)),
  ) {}

  /** Registers in the session of a browser, and returns the answer of Auth.js. */
  async register(browser: Browser, query = ""): Promise<Response> {
    const { options } = await this.#options(browser, `action=register${query}`)
    const { x, y } = this.#keys.publicKey.export({ format: "jwk" })
    const key = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Uint8Array.from(Buffer.from(x as string, "base64url"))],
      [-3, Uint8Array.from(Buffer.from(y as string, "base64url"))],
    ])
    const id = Buffer.from(this.id, "base64url")
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, isoCBOR.encode(key)])
    const object = new Map<string, unknown>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", Uint8Array.from(this.#authData(WITH_CREDENTIAL, credential))],
    ])
    return this.#post(browser, "register", {
      clientDataJSON: base64(this.#clientData("webauthn.create", options.challenge)),
      attestationObject: base64(isoCBOR.encode(object as Parameters<typeof isoCBOR.encode>[0])),
      transports: ["internal"],
    })
  }

  /** Signs in. */
  async authenticate(browser: Browser): Promise<Response> {
    const { options } = await this.#options(browser, "action=authenticate")
    const clientData = this.#clientData("webauthn.get", options.challenge)
    const authData = this.#authData(PRESENT_AND_VERIFIED)
    return this.#post(browser, "authenticate", {
      clientDataJSON: base64(clientData),
      authenticatorData: base64(authData),
      signature: base64(this.#sign(Buffer.concat([authData, sha256(clientData)]))),
    })
  }

  async #options(browser: Browser, query: string): Promise<{ options: { challenge: string } }> {
    const response = await browser.visit(`/auth/webauthn-options/passkey?${query}`)
    return (await response.json()) as { options: { challenge: string } }
  }

  async #post(browser: Browser, action: string, response: object): Promise<Response> {
    const data = { id: this.id, rawId: this.id, type: "public-key", clientExtensionResults: {}, response }
    const form = { action, data: JSON.stringify(data), csrfToken: await browser.csrfToken() }
    return browser.visit("/auth/callback/passkey", { form })
  }

  /**
   * Signs until both numbers of the signature have 32 bytes. @simplewebauthn/server 9 refuses
   * shorter ones, which one signature in 128 has.
   */
  #sign(data: Buffer): Buffer {
    for (;;) {
      const signature = createSign("SHA256").update(data).sign(this.#keys.privateKey)
      // DER writes the length before each number, and a zero before a number with its top bit set.
      const first = signature[3] ?? 0
      const isWhole = (length: number, start: number) => length === 33 || (length === 32 && signature[start] !== 0)
      if (isWhole(first, 4) && isWhole(signature[5 + first] ?? 0, 6 + first)) return signature
    }
  }

  #authData(flags: number, credential = Buffer.alloc(0)): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(++this.#count)
    return Buffer.concat([sha256(new URL(this.origin).hostname), Buffer.from([flags]), count, credential])
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }))
  }
}
