import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto"
import { decode, encode, type JWT, type JWTDecodeParams, type JWTEncodeParams } from "@auth/core/jwt"
import fc from "fast-check"
import { EncryptJWT } from "jose"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { decodeToken, encodeToken } from "../../src/auth/token/codec.js"

const secret = "the secret of these tests"
const salt = "authjs.session-token"
const NOW = Date.UTC(2031, 4, 6, 7, 8, 9, 500)
const now = Math.floor(NOW / 1000)

// Both codecs are asked one after the other and must look at the same second.
beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ["Date"] }))
afterEach(() => void vi.useRealTimers())

type Decoder = (params: JWTDecodeParams) => Promise<JWT | null>
type Encoder = (params: JWTEncodeParams) => Promise<string>

const REFUSED = "refused"

async function outcome<Result>(result: Promise<Result>): Promise<Result | typeof REFUSED> {
  return result.catch(() => REFUSED)
}

/** What Auth.js makes of a token, having seen that we make the same of it. */
async function agreed(token: string, others: Partial<JWTDecodeParams> = {}): Promise<JWT | null | typeof REFUSED> {
  const params = { secret, salt, token, ...others }
  const theirs = await outcome(decode(params))
  expect(await outcome(decodeToken(params)), `Auth.js decodes ${JSON.stringify(token)} otherwise`).toStrictEqual(theirs)
  return theirs
}

function deriveKey(bytes = 64, [from, saltedWith] = [secret, salt]): Buffer {
  return Buffer.from(hkdfSync("sha256", from, saltedWith, `Auth.js Generated Encryption Key (${saltedWith})`, bytes))
}

function thumbprint(key: Buffer): string {
  return createHash("sha512")
    .update(`{"k":"${key.toString("base64url")}","kty":"oct"}`)
    .digest("base64url")
}

const base64url = (content: string | Buffer) => Buffer.from(content).toString("base64url")
const ownHeader = (changes: object = {}) => ({
  alg: "dir",
  enc: "A256CBC-HS512",
  kid: thumbprint(deriveKey()),
  ...changes,
})

/**
 * Makes a token with a valid tag around any content, as only the holder of the secret can. jose
 * would refuse to write most of these.
 */
function sealAnything(content: string | Buffer, header = base64url(JSON.stringify(ownHeader()))): string {
  const key = deriveKey()
  const iv = randomBytes(16)
  const cipher = createCipheriv("aes-256-cbc", key.subarray(32), iv)
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
  return [header, "", base64url(iv), base64url(ciphertext), base64url(tagOf(key, header, iv, ciphertext))].join(".")
}

function tagOf(key: Buffer, header: string, iv: Buffer, ciphertext: Buffer): Buffer {
  const bits = Buffer.alloc(8)
  bits.writeBigUInt64BE(BigInt(header.length) * 8n)
  const hmac = createHmac("sha512", key.subarray(0, 32)).update(header).update(iv).update(ciphertext).update(bits)
  return hmac.digest().subarray(0, 32)
}

const RESERVED = ["iat", "exp", "jti", "nbf"]
const text = fc.string({ unit: "binary", maxLength: 40 })
const claims = fc
  .dictionary(text, fc.jsonValue({ stringUnit: "binary", maxDepth: 4 }), { maxKeys: 12 })
  .filter((each) => RESERVED.every((claim) => !Object.hasOwn(each, claim)))
const someSecret = fc.string({ unit: "binary", minLength: 1, maxLength: 80 })
const someSalt = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constant(salt),
  fc.constant(`__Secure-${salt}`),
)
const encoder = fc.constantFrom<Encoder>(encode, encodeToken)

const throughJson = (value: object) => JSON.parse(JSON.stringify(value)) as object

describe("tokens in exchange with Auth.js", () => {
  const both = [
    { name: "ours, read by Auth.js", write: encodeToken, read: decode as Decoder },
    { name: "those of Auth.js, read by us", write: encode as Encoder, read: decodeToken },
    { name: "ours, read by us", write: encodeToken, read: decodeToken },
  ]

  it.each(both)("hold the same: $name", async ({ write, read }) => {
    await fc.assert(
      fc.asyncProperty(claims, someSecret, someSalt, async (token, secret, salt) => {
        const found = await read({ token: await write({ token, secret, salt }), secret, salt })
        const { iat, exp, jti, ...rest } = found as JWT
        expect(rest).toStrictEqual(throughJson(token))
        expect({ iat, exp, jti: typeof jti }).toEqual({ iat: now, exp: now + 30 * 24 * 60 * 60, jti: "string" })
      }),
      { numRuns: 250 },
    )
  })

  it.each(both)("hold much: $name", async ({ write, read }) => {
    const token = {
      list: Array.from({ length: 500 }, (_, n) => ({ n, name: `Zoë 🦊 ${n}` })),
      long: "é".repeat(20_000),
    }
    expect(await read({ token: await write({ token, secret, salt }), secret, salt })).toMatchObject(token)
  })

  it("are written with the first secret, and read with every one of them in any order, and with no other", async () => {
    const secrets = fc.uniqueArray(someSecret, { minLength: 2, maxLength: 4 })
    const rotation = secrets.chain((all) => fc.record({ all: fc.constant(all), kept: fc.shuffledSubarray(all) }))
    let read = 0
    await fc.assert(
      fc.asyncProperty(rotation, encoder, async ({ all, kept }, write) => {
        const token = await write({ token: { sub: "rotated" }, secret: all, salt })
        const found = await agreed(token, { secret: kept })
        const holds = kept.includes(all[0] as string)
        if (holds) read++
        expect(found).toEqual(holds ? expect.objectContaining({ sub: "rotated" }) : REFUSED)
      }),
      { numRuns: 250 },
    )
    expect(read).toBeGreaterThan(50)
  })

  it("are of no use under another salt or another secret", async () => {
    await fc.assert(
      fc.asyncProperty(encoder, someSecret, someSalt, async (write, otherSecret, otherSalt) => {
        fc.pre(otherSecret !== secret && otherSalt !== salt)
        const token = await write({ token: { sub: "somebody" }, secret, salt })
        expect(await agreed(token)).toMatchObject({ sub: "somebody" })
        expect(await agreed(token, { salt: otherSalt })).toBe(REFUSED)
        expect(await agreed(token, { secret: otherSecret })).toBe(REFUSED)
      }),
      { numRuns: 100 },
    )
  })

  it("are read when they name no key: with the first secret", async () => {
    const token = await new EncryptJWT({ sub: "no kid" })
      .setProtectedHeader({ alg: "dir", enc: "A256CBC-HS512" })
      .encrypt(deriveKey())
    expect(await agreed(token)).toEqual({ sub: "no kid" })
    expect(await agreed(token, { secret: [secret, "other"] })).toEqual({ sub: "no kid" })
    expect(await agreed(token, { secret: ["other", secret] })).toBe(REFUSED)
  })

  it.each([{ kid: thumbprintOfGcm() }, {}])("are read when encrypted with A256GCM: %j", async (named) => {
    const token = await new EncryptJWT({ sub: "gcm" })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", ...named })
      .encrypt(deriveKey(32))
    expect(await agreed(token)).toEqual({ sub: "gcm" })
    expect(await agreed(token, { secret: ["other", secret] })).toEqual("kid" in named ? { sub: "gcm" } : REFUSED)
    const last = token.endsWith("A") ? "Q" : "A"
    expect(await agreed(token.slice(0, -1) + last)).toBe(REFUSED)
  })

  it("are as long as those of Auth.js", async () => {
    const params = { token: { sub: "somebody", name: null }, secret, salt }
    const [ours = "", theirs = ""] = [await encodeToken(params), await encode(params)]
    expect(ours.split(".").map((part) => part.length)).toEqual(theirs.split(".").map((part) => part.length))
    expect(ours.split(".")[0]).toBe(theirs.split(".")[0])
  })

  it("cost no call of WebCrypto, be they right, changed or expired", async () => {
    const subtle = Object.getPrototypeOf(crypto.subtle) as SubtleCrypto
    const calls = (["importKey", "digest", "sign", "encrypt", "decrypt"] as const).map((name) => vi.spyOn(subtle, name))
    try {
      const token = await encodeToken({ token: { sub: "fast" }, secret: [secret, "old"], salt })
      await expect(decodeToken({ token, secret: ["new", secret], salt })).resolves.toMatchObject({ sub: "fast" })
      const [header, key, iv, ciphertext] = token.split(".")
      const changed = [header, key, iv, ciphertext, "A".repeat(43)].join(".")
      await expect(decodeToken({ token: changed, secret, salt })).rejects.toThrow("The token has been changed.")
      const expired = await encodeToken({ token: {}, secret, salt, maxAge: -60 })
      await expect(decodeToken({ token: expired, secret, salt })).rejects.toThrow("The token has expired.")
      for (const call of calls) expect(call).not.toHaveBeenCalled()
      await decode({ token, secret, salt })
      expect(calls[0]).toHaveBeenCalled()
    } finally {
      for (const call of calls) call.mockRestore()
    }
  })
})

function thumbprintOfGcm(): string {
  return createHash("sha256")
    .update(`{"k":"${deriveKey(32).toString("base64url")}","kty":"oct"}`)
    .digest("base64url")
}

describe("encoding", () => {
  const times = async (params: Partial<JWTEncodeParams>) => {
    const { iat, exp } = (await decode({ token: await encodeToken({ secret, salt, ...params }), secret, salt })) as JWT
    return { iat, exp }
  }

  it("lets a token live for 30 days, or as many seconds as it is told", async () => {
    expect(await times({})).toEqual({ iat: now, exp: now + 2_592_000 })
    expect(await times({ maxAge: 60 })).toEqual({ iat: now, exp: now + 60 })
    expect(await times({ maxAge: 0.5 })).toEqual({ iat: now, exp: now + 0.5 })
    expect(await times({ token: { iat: 1, exp: 2, jti: "old" }, maxAge: 60 })).toEqual({ iat: now, exp: now + 60 })
  })

  it("gives every token an id and an initialization vector of its own", async () => {
    const tokens = await Promise.all(
      Array.from({ length: 200 }, () => encodeToken({ token: { jti: "x" }, secret, salt })),
    )
    const ids = await Promise.all(tokens.map(async (token) => (await decodeToken({ token, secret, salt }))?.jti))
    expect(new Set(ids).size).toBe(200)
    expect(new Set(tokens.map((token) => token.split(".")[2])).size).toBe(200)
  })

  it("leaves what it is given as it was", async () => {
    const token = Object.freeze({ sub: "somebody", iat: 5, exp: 6, jti: "mine", nested: Object.freeze({ a: [1] }) })
    const before = structuredClone(token)
    await encodeToken({ token, secret, salt })
    expect(token).toStrictEqual(before)
  })

  class Money {
    constructor(readonly cents: number) {}
    toJSON() {
      return `${this.cents} ct`
    }
  }
  class List extends Array<number> {
    toJSON() {
      return "list"
    }
  }
  const circle: Record<string, unknown> = {}
  circle.round = { circle }

  it.each<[string, unknown]>([
    ["a date", { at: new Date(0) }],
    ["an object with a toJSON method in its class", { price: new Money(5), prices: [new Money(6)] }],
    ["an object with a toJSON method of its own", { price: { toJSON: () => 5 } }],
    ["a toJSON that is no method", { toJSON: "no", deep: { toJSON: 1 } }],
    ["bytes", { bytes: Buffer.from("ab") }],
    ["a map and a set", { map: new Map([[1, 2]]), set: new Set([1]) }],
    ["numbers that JSON doesn't have", { list: [Number.NaN, Number.POSITIVE_INFINITY, -0] }],
    ["undefined", { gone: undefined, list: [undefined, 3], holes: new Array(3) }],
    ["a list with more than items", { list: Object.assign([1], { more: 2 }) }],
    ["an extended list", { list: List.of(1, 2) }],
    ["boxed values", { boxed: [Object(1), Object("a"), Object(true)] }],
    ["a function", { run: () => 1 }],
    ["a symbol", { symbol: Symbol("s") }],
    ["a symbol as key", { [Symbol("s")]: 1 }],
    ["a bigint", { big: 1n }],
    ["a circle", circle],
    ["a hidden property", Object.defineProperty({ a: 1 }, "b", { value: 2 })],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
    ["a key named __proto__", JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":2}}')],
    ["an instance of a class", new Money(5)],
    ["a list", [1]],
    ["null", null],
    ["a text", "claims"],
    ["half a surrogate pair", { "\ud800": "\udc00" }],
    ["a time to come", { nbf: now + 10 }],
    ["a time that is no number", { nbf: Number.NaN }],
    ["a time that is a text", { nbf: "tomorrow" }],
  ])("treats %s as Auth.js does", async (_, token) => {
    await expectSameEncoding({ token: token as JWT })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e300, "60", null])(
    "takes a maxAge of %s as Auth.js does",
    async (maxAge) => {
      await expectSameEncoding({ maxAge: maxAge as number })
    },
  )

  it.each([[""], [[]], [["", "second"]], [["first", ""]]])("takes %j for a secret as Auth.js does", async (odd) => {
    await expectSameEncoding({ secret: odd })
  })

  it.each([0, 900, 990, 991, 1024, 5000])("takes a salt of %i characters as Auth.js does", async (length) => {
    await expectSameEncoding({ salt: "s".repeat(length) })
  })

  /** What Auth.js reads from it, but for the id; or that there is no token. */
  async function expectSameEncoding(params: Partial<JWTEncodeParams>): Promise<void> {
    const all = { token: { sub: "somebody" }, secret, salt, ...params }
    const content = async (write: Encoder) => {
      const token = await outcome(write(all))
      if (token === REFUSED) return "no token"
      const read = await outcome(decode({ secret: all.secret, salt: all.salt, token }))
      return read && read !== REFUSED ? { ...read, jti: typeof read.jti } : read
    }
    expect(await content(encodeToken)).toStrictEqual(await content(encode))
  }
})

describe("decoding", () => {
  it("finds nothing in no token", async () => {
    for (const token of ["", undefined]) {
      expect(await decodeToken({ token, secret, salt })).toBeNull()
      expect(await decode({ token, secret, salt })).toBeNull()
    }
  })

  it.each([[""], [[]], [["", secret]], [[secret, ""]]])("takes %j for a secret as Auth.js does", async (odd) => {
    await agreed(await encode({ token: { sub: "somebody" }, secret, salt }), { secret: odd })
  })

  it("refuses a token in which any one character is another", async () => {
    const token = await encodeToken({ token: { sub: "somebody" }, secret, salt })
    for (let at = 0; at < token.length; at++) {
      // Far enough apart in the alphabet that a change in a part's last character changes a used
      // bit.
      const other = token[at] === "A" ? "_" : "A"
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      expect({ at, result: await agreed(changed) }).toEqual({ at, result: REFUSED })
    }
  })

  it("agrees with Auth.js about any damage", async () => {
    const tokens = await Promise.all([
      encodeToken({ token: { sub: "somebody" }, secret, salt }),
      encode({ token: { sub: "somebody else", name: "Zoë" }, secret, salt }),
      encodeToken({ token: { sub: "old" }, secret: "old secret", salt }),
      encode({ token: { sub: "other cookie" }, secret, salt: "other" }),
    ])
    const results = { read: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tokens),
        fc.array(damage(tokens), { minLength: 1, maxLength: 2 }),
        async (token, all) => {
          const damaged = all.reduce((result, change) => change(result), token)
          const result = await agreed(damaged, { secret: [secret, "old secret"] })
          if (result === REFUSED) results.refused++
          else results.read++
          // However it is written, what is read is what was sealed.
          if (result && result !== REFUSED) expect(["somebody", "somebody else", "old"]).toContain(result.sub)
        },
      ),
      { numRuns: 4000 },
    )
    // Harmless damage, such as padding or an unused bit, is rare, but must occur.
    expect(results.read).toBeGreaterThan(20)
    expect(results.refused).toBeGreaterThan(3000)
  })

  it("agrees with Auth.js about every change of the bytes of a part, also where the base64url is right", async () => {
    const token = await encodeToken({ token: { sub: "somebody" }, secret, salt })
    const parts = token.split(".")
    const place = fc.record({ part: fc.constantFrom(0, 2, 3, 4), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) })
    await fc.assert(
      fc.asyncProperty(place, async ({ part, at, bit }) => {
        const bytes = Buffer.from(parts[part] as string, "base64url")
        const index = at % bytes.length
        bytes[index] = (bytes[index] as number) ^ (1 << bit)
        expect(await agreed(parts.with(part, base64url(bytes)).join("."))).toBe(REFUSED)
      }),
      { numRuns: 800 },
    )
  })

  it("says the same of a token whatever was changed in its encrypted half", async () => {
    const token = await encodeToken({ token: { sub: "somebody" }, secret, salt })
    const messages = new Set<string>()
    for (const part of [2, 3, 4]) {
      const { length } = Buffer.from(token.split(".")[part] as string, "base64url")
      for (let at = 0; at < length; at++) {
        const parts = token.split(".")
        const bytes = Buffer.from(parts[part] as string, "base64url")
        bytes[at] = (bytes[at] as number) ^ 1
        const error = await decodeToken({ token: parts.with(part, base64url(bytes)).join("."), secret, salt }).catch(
          (e) => e,
        )
        messages.add(String(error))
      }
    }
    expect([...messages]).toEqual(["Error: The token has been changed."])
  })

  it("agrees with Auth.js about the way base64url may be written", async () => {
    const token = await encodeToken({ token: { sub: "somebody" }, secret, salt })
    const [header = "", , iv = "", ciphertext = "", tag = ""] = token.split(".")
    const write = (parts: Partial<Record<"header" | "key" | "iv" | "ciphertext" | "tag", string>>) => {
      const all = { header, key: "", iv, ciphertext, tag, ...parts }
      return [all.header, all.key, all.iv, all.ciphertext, all.tag].join(".")
    }
    expect(await agreed(write({}))).toMatchObject({ sub: "somebody" })
    for (const space of [" ", "\n", "\t", "\r", "\f"]) {
      expect(await agreed(write({ iv: space + iv, tag: tag + space }))).toMatchObject({ sub: "somebody" })
    }
    expect(await agreed(write({ iv: `${iv}==`, tag: `${tag}=` }))).toMatchObject({ sub: "somebody" })
    for (const wrong of ["=", "===", ".", "+", "/", "%", "é", "🦊", "\0", "\v", "\u00a0", "A"]) {
      expect(await agreed(write({ iv: iv + wrong }))).toBe(REFUSED)
      expect(await agreed(write({ tag: tag + wrong }))).toEqual(wrong === "=" ? expect.anything() : REFUSED)
      expect(await agreed(write({ header: header + wrong }))).toBe(REFUSED)
    }
    for (const key of [" ", "=", "AA", "%", ciphertext]) expect(await agreed(write({ key }))).toBe(REFUSED)
    for (const empty of ["header", "iv", "ciphertext", "tag"] as const) {
      expect(await agreed(write({ [empty]: "" }))).toBe(REFUSED)
    }
    expect(await agreed(`${token}.`)).toBe(REFUSED)
    expect(await agreed(`${token}.${tag}`)).toBe(REFUSED)
    expect(await agreed(token.slice(0, token.lastIndexOf(".")))).toBe(REFUSED)
  })

  it("agrees with Auth.js about headers, also when whoever holds the secret wrote them", async () => {
    const kid = thumbprint(deriveKey())
    const headers: Record<string, unknown>[] = [
      ...["none", "DIR", "A256KW", "PBES2-HS256+A128KW", "", null, 1, ["dir"], undefined].map((alg) => ({ alg })),
      ...["A256GCM", "A128CBC-HS256", "a256cbc-hs512", "", null, 1, ["A256GCM"], undefined].map((enc) => ({ enc })),
      ...["", null, 1, [kid], kid.toUpperCase(), `${kid}=`, thumbprintOfGcm(), undefined].map((kid) => ({ kid })),
      ...[[], ["exp"], ["alg"], ["b64"], "exp", null, {}].map((crit) => ({ crit })),
      ...["DEF", "GZIP", "", null].map((zip) => ({ zip })),
      ...["JWT", "jwt", "application/at+jwt", null, 1].map((typ) => ({ typ })),
      ...[
        { p2c: 2 ** 31 },
        { p2s: "AAAAAAAAAAA" },
        { epk: {} },
        { iv: "AA", tag: "AA" },
        { b64: false },
        { cty: "JWT" },
      ],
      ...[
        { sub: "somebody" },
        { sub: "other" },
        { iss: null },
        { aud: ["a"] },
        { aud: "a" },
        { jku: "https://example.org" },
      ],
    ]
    let read = 0
    for (const change of headers) {
      const signed = sealAnything('{"sub":"somebody","aud":["a"]}', base64url(JSON.stringify(ownHeader(change))))
      if ((await agreed(signed)) !== REFUSED) read++
      const parts = sealAnything('{"sub":"somebody"}').split(".")
      const unsigned = parts.with(0, signed.split(".")[0] as string).join(".")
      expect(await agreed(unsigned)).toBe(REFUSED)
    }
    // Without kid, and with a typ or another parameter that means nothing here.
    expect(read).toBeGreaterThan(10)
    expect(headers.length - read).toBeGreaterThan(20)
  })

  it("agrees with Auth.js about headers that are written otherwise", async () => {
    const json = JSON.stringify(ownHeader())
    const ways = [
      json,
      ` ${json}\n`,
      `\ufeff${json}`,
      JSON.stringify(ownHeader(), null, 2),
      JSON.stringify({ kid: ownHeader().kid, enc: "A256CBC-HS512", alg: "dir" }),
      json.replace("{", '{"alg":"none",'),
      json.replace("{", '{"__proto__":{"crit":["x"]},'),
      json.replace("dir", "\\u0064ir"),
    ]
    for (const way of ways) {
      expect(await agreed(sealAnything('{"sub":"somebody"}', base64url(way)))).toEqual({ sub: "somebody" })
    }
    const encoded = base64url(json)
    expect(await agreed(sealAnything('{"sub":"somebody"}', `${encoded} `))).toEqual({ sub: "somebody" })
    for (const way of ["", "null", "[]", '"dir"', json.slice(1), `${json}}`, `${json}\0`]) {
      expect(await agreed(sealAnything('{"sub":"somebody"}', base64url(way)))).toBe(REFUSED)
    }
    expect(await agreed(sealAnything("{}", base64url(Buffer.from(`${json.slice(0, -2)}\xff"}`, "latin1"))))).toBe(
      REFUSED,
    )
    expect(await agreed(sealAnything("{}", `${encoded}é`))).toBe(REFUSED)
  })

  it.each([
    ["", REFUSED],
    ["null", REFUSED],
    ["[]", REFUSED],
    ['[{"sub":"a"}]', REFUSED],
    ["1", REFUSED],
    ['"text"', REFUSED],
    ["true", REFUSED],
    ['{"sub":"a"', REFUSED],
    ['{"sub":"a"}}', REFUSED],
    ['{"sub":"a"}\0', REFUSED],
    ["{'sub':'a'}", REFUSED],
    [Buffer.from('{"sub":"\xff"}', "latin1"), REFUSED],
    [Buffer.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), REFUSED],
    ["{}", {}],
    [' {"sub" : "a" }\n', { sub: "a" }],
    ['\ufeff{"sub":"a"}', { sub: "a" }],
    ['{"sub":"a","sub":"b"}', { sub: "b" }],
    ['{"exp":1e999}', { exp: Number.POSITIVE_INFINITY }],
    ['{"nbf":1e999}', REFUSED],
    ['{"nbf":-1e999,"iat":1e999}', { nbf: Number.NEGATIVE_INFINITY, iat: Number.POSITIVE_INFINITY }],
    ['{"constructor":1,"toString":2}', { constructor: 1, toString: 2 }],
  ])("reads %j as Auth.js does", async (content, result) => {
    expect(await agreed(sealAnything(content))).toEqual(result)
  })

  it("keeps a claim named __proto__ a claim", async () => {
    const params = { token: sealAnything('{"__proto__":{"exp":1}}'), secret, salt }
    for (const read of [decode as Decoder, decodeToken]) {
      const found = await read(params)
      expect(Object.keys(found ?? {})).toEqual(["__proto__"])
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
    }
  })

  it("agrees with Auth.js about times, to the second", async () => {
    const near = [-16, -15, -14.5, -14, -1, 0, 1, 14, 15, 15.5, 16].map((seconds) => now + seconds)
    const time = fc.option(fc.constantFrom<unknown>(...near, 0, -1, now * 1000, `${now + 60}`, null, true, [now], {}), {
      nil: undefined,
      freq: 3,
    })
    await fc.assert(
      fc.asyncProperty(fc.record({ iat: time, nbf: time, exp: time }), async (times) => {
        await agreed(sealAnything(JSON.stringify({ sub: "somebody", ...times })))
      }),
      { numRuns: 800 },
    )
    for (const [content, accepted] of [
      [{ exp: now - 14 }, true],
      [{ exp: now - 15 }, false],
      [{ nbf: now + 15 }, true],
      [{ nbf: now + 16 }, false],
      [{ iat: now + 1000 }, true],
      [{ exp: `${now + 60}` }, false],
      [{ nbf: null }, false],
      [{ iat: "now" }, false],
    ] as const) {
      const result = await agreed(sealAnything(JSON.stringify(content)))
      expect({ content, accepted: result !== REFUSED }).toEqual({ content, accepted })
    }
  })

  it("takes time in proportion to the length of what it is given, not more", async () => {
    const token = await encodeToken({ token: { sub: "somebody" }, secret, salt })
    const start = token.slice(0, token.indexOf(".") + 2)
    for (const filler of [".", "A", "=", " ", "é"]) {
      const long = start + filler.repeat(1_000_000)
      const before = performance.now()
      await expect(decodeToken({ token: long, secret, salt })).rejects.toThrow()
      // A million characters take milliseconds; were the work quadratic, it would be minutes.
      expect(performance.now() - before).toBeLessThan(2000)
    }
  })

  type Damage = (token: string) => string

  function damage(others: string[]): fc.Arbitrary<Damage> {
    const character = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(..."ABab09-_") },
      { weight: 3, arbitrary: fc.constantFrom(..."=.+/ \n%é\0") },
      { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 3 }) },
    )
    const at = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1))
    const index = (token: string, place: number) => Math.floor(place * token.length)
    const part = fc.integer({ min: 0, max: 4 })
    const inPart = (n: number, change: (part: string) => string): Damage => {
      return (token) => {
        const parts = token.split(".")
        return n < parts.length ? parts.with(n, change(parts[n] as string)).join(".") : token
      }
    }
    return fc.oneof(
      fc.tuple(at, character).map(([place, c]): Damage => {
        return (token) => token.slice(0, index(token, place)) + c + token.slice(index(token, place) + 1)
      }),
      fc.tuple(at, character).map(([place, c]): Damage => {
        return (token) => token.slice(0, index(token, place)) + c + token.slice(index(token, place))
      }),
      at.map(
        (place): Damage =>
          (token) =>
            token.slice(0, index(token, place)),
      ),
      at.map(
        (place): Damage =>
          (token) =>
            token.slice(0, index(token, place)) + token.slice(index(token, place) + 1),
      ),
      fc
        .tuple(part, fc.constantFrom("=", "==", " ", "\n", "A", "AAAA"))
        .map(([n, end]) => inPart(n, (each) => each + end)),
      // The last character of a part has bits that mean nothing.
      fc
        .tuple(part, fc.constantFrom(..."ABCDQRghwxyz014589-_"))
        .map(([n, c]) => inPart(n, (each) => each.slice(0, -1) + c)),
      fc.tuple(part, fc.constantFrom(...others)).map(([n, other]) => inPart(n, () => other.split(".")[n] as string)),
      part.map((n) => inPart(n, () => "")),
      fc.tuple(part, part).map(([from, to]): Damage => {
        return (token) => inPart(to, () => token.split(".")[from] ?? "")(token)
      }),
      part.map(
        (n): Damage =>
          (token) =>
            token.split(".").toSpliced(n, 1).join("."),
      ),
      fc.tuple(part, character).map(
        ([n, c]): Damage =>
          (token) =>
            token.split(".").toSpliced(n, 0, c).join("."),
      ),
    )
  }
})
