import GitHub from "@auth/core/providers/github"
import Google from "@auth/core/providers/google"
import Nodemailer from "@auth/core/providers/nodemailer"
import Passkey from "@auth/core/providers/passkey"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter } from "../../src/drizzle.js"
import { type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { withLazy as withLazyForNext } from "../../src/next.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

const GOOD = "q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd"
const VARIABLES = ["SECRET", "SECRET_1", "SECRET_2", "SECRET_3", "URL", "TRUST_HOST"].map((name) => `AUTH_${name}`)

let database: PostgresDatabase

beforeAll(async () => {
  database = await postgresDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  for (const name of [...VARIABLES, "NEXTAUTH_SECRET", "NEXTAUTH_URL", "VERCEL", "CF_PAGES"])
    vi.stubEnv(name, undefined)
  vi.stubEnv("AUTH_SECRET", GOOD)
})
afterEach(() => vi.unstubAllEnvs())

const configure = (config: Partial<LazyConfig> = {}) =>
  withLazy({ adapter: LazyAdapter(database.db), providers: [LazyProvider()], ...config })
const findings = async (config?: Partial<LazyConfig>) => (await doctor({ auth: configure(config) })).findings
const summary = async (config?: Partial<LazyConfig>) =>
  (await findings(config)).map(({ severity, code, where }) => [severity, code, where].join(" "))

it("finds nothing in a good configuration, in production too", async () => {
  expect(await findings()).toEqual([])
  vi.stubEnv("NODE_ENV", "production")
  vi.stubEnv("AUTH_URL", "https://example.com")
  expect(await findings()).toEqual([])
})

describe("secrets", () => {
  it("have to be there", async () => {
    vi.stubEnv("AUTH_SECRET", undefined)
    expect(await summary()).toEqual(["error secret_missing AUTH_SECRET"])
    expect(await summary({ secret: [] })).toEqual(["error secret_missing AUTH_SECRET"])
  })

  it.each([
    { secret: "correct horse battery", problem: "has 21 characters" },
    { secret: "a".repeat(40), problem: "repeats a few characters" },
    { secret: "please-change-me-to-something-random-1234", problem: "reads like a placeholder" },
    { secret: "SuperSecretKeyForMyLovelyApplication42", problem: "reads like a placeholder" },
  ])("have to be hard to guess, and are never printed: $problem", async ({ secret, problem }) => {
    for (const place of ["secret", "AUTH_SECRET", "NEXTAUTH_SECRET"]) {
      vi.stubEnv("AUTH_SECRET", place === "AUTH_SECRET" ? secret : undefined)
      vi.stubEnv("NEXTAUTH_SECRET", place === "NEXTAUTH_SECRET" ? secret : undefined)
      const found = await findings(place === "secret" ? { secret } : {})
      expect(found).toEqual([expect.objectContaining({ code: "secret_weak", severity: "error", where: place })])
      expect(found[0]?.message).toContain(problem)
      expect(JSON.stringify(found)).not.toContain(secret)
    }
  })

  it("are looked at one by one where there are several", async () => {
    expect(await summary({ secret: [GOOD, "short", "also short"] })).toEqual([
      "error secret_weak secret[1]",
      "error secret_weak secret[2]",
    ])
    vi.stubEnv("AUTH_SECRET_2", "short")
    expect(await summary()).toEqual(["error secret_weak AUTH_SECRET_2"])
  })

  it("are found where next-auth looks for them", async () => {
    vi.stubEnv("AUTH_SECRET", undefined)
    vi.stubEnv("NEXTAUTH_SECRET", "short")
    const auth = withLazyForNext({ adapter: LazyAdapter(database.db), providers: [LazyProvider()] })
    expect((await doctor({ auth })).findings.map(({ where }) => where)).toEqual(["NEXTAUTH_SECRET"])
  })

  it("can be made by what is pasted", async () => {
    const [finding] = await findings({ secret: "short" })
    const { execSync } = await import("node:child_process")
    const [, made] = /^AUTH_SECRET=(.+)\n$/.exec(execSync(finding?.fix ?? "", { encoding: "utf8" })) ?? []
    vi.stubEnv("AUTH_SECRET", made)
    expect(made).toHaveLength(44)
    expect(await findings()).toEqual([])
  })
})

describe("in production", () => {
  beforeEach(() => {
    vi.stubEnv("NODE_ENV", "production")
  })

  it("the host has to be trusted, in any of the ways of Auth.js", async () => {
    expect(await summary()).toEqual(["error trust_host trustHost"])
    expect(await findings({ trustHost: true })).toEqual([])
    for (const variable of ["AUTH_TRUST_HOST", "VERCEL", "CF_PAGES"]) {
      vi.stubEnv(variable, "1")
      expect(await findings()).toEqual([])
      vi.stubEnv(variable, undefined)
    }
  })

  it.each([
    { url: "http://example.com", found: ["warning insecure_url AUTH_URL"] },
    { url: "http://localhost:3000", found: [] },
    { url: "http://127.0.0.1:3000/auth", found: [] },
  ])("cookies are not to be sent unencrypted: $url", async ({ url, found }) => {
    vi.stubEnv("AUTH_URL", url)
    expect(await summary()).toEqual(found)
    if (found.length > 0) expect((await findings())[0]?.fix).toBe("AUTH_URL=https://example.com/")
    expect(await summary({ useSecureCookies: true })).toEqual([])
  })
})

it.each(["example.com", "//example.com", "ftp://example.com"])("an address has to be whole: %s", async (url) => {
  vi.stubEnv("AUTH_URL", url)
  const [finding] = await findings()
  expect(finding).toMatchObject({ code: "auth_url", severity: "error", fix: "AUTH_URL=https://example.com" })
})

it.each(["q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd", "postgres://ada:s3cr3t@db.example.com/app"])(
  "what is no address is not repeated, as it may be a secret: %s",
  async (url) => {
    vi.stubEnv("AUTH_URL", url)
    expect((await findings())[0]).toMatchObject({ code: "auth_url", fix: "AUTH_URL=https://app.example.com" })
  },
)

it("lazy users need their provider", async () => {
  expect(await summary({ providers: [] })).toEqual(["error lazy_provider providers"])
})

it("sessions have to be extended before they end", async () => {
  expect(await summary({ session: { maxAge: 3600 } })).toEqual(["warning update_age session.updateAge"])
  const [finding] = await findings({ session: { maxAge: 3600 } })
  expect(finding?.fix).toBe("session: { maxAge: 3600, updateAge: 360 }")
  expect(await findings({ session: { maxAge: 3600, updateAge: 360 } })).toEqual([])
})

it("sessions in a token are extended early enough by themselves", async () => {
  expect(await findings({ session: { strategy: "jwt", maxAge: 3600 } })).toEqual([])
})

describe("together with a database", () => {
  it("only the tables are missed that the configuration uses", async () => {
    const own = await postgresDatabase()
    await own.query(`drop table session; drop table authenticator; drop table "verificationToken"`)
    const patient = new Patient(own)
    const missing = (config: Partial<LazyConfig>) => patient.summary({ auth: configure(config) })
    expect(await missing({ session: { strategy: "jwt" } })).toEqual([])
    expect(await missing({})).toEqual(["error missing_table session"])
    const mail = Nodemailer({ server: "smtp://127.0.0.1:1", from: "a@example.com" })
    expect(await missing({ session: { strategy: "jwt" }, providers: [LazyProvider(), mail, Passkey] })).toEqual([
      "error missing_table verificationToken",
      "error missing_table authenticator",
    ])
    await own.close()
  })

  it("a session lives as long as the configuration says", async () => {
    await database.query(
      `insert into "user" (id, "lazySince", "seenAt") values ('l', now(), now() - interval '2 hours')`,
    )
    const session = { maxAge: 3600, updateAge: 360 }
    expect((await doctor({ db: database.db })).purgeable).toBe(0)
    expect((await doctor({ db: database.db, auth: configure({ session }) })).purgeable).toBe(1)
    expect((await doctor({ db: database.db, auth: configure({ session }), sessionMaxAge: 86_400 })).purgeable).toBe(0)
    const token = { session: { strategy: "jwt", ...session }, jwt: { maxAge: 86_400 } } as const
    expect((await doctor({ db: database.db, auth: configure(token) })).purgeable).toBe(0)
  })
})

describe("OAuth providers", () => {
  it.each([
    { name: "GitHub by default", provider: GitHub, found: ["warning oauth_state providers"] },
    { name: "GitHub with a state", provider: GitHub({ checks: ["pkce", "state"] }), found: [] },
    {
      name: "GitHub without any check",
      provider: GitHub({ checks: ["none"] }),
      found: ["warning oauth_state providers"],
    },
    {
      name: "GitHub behind a proxy for redirects",
      provider: GitHub({ redirectProxyUrl: "https://a.test/auth" }),
      found: [],
    },
    { name: "Google, which Auth.js asks whether it knows PKCE", provider: Google, found: [] },
  ])("have to tie an answer to the browser that asked: $name", async ({ provider, found }) => {
    expect(await summary({ providers: [LazyProvider(), provider] })).toEqual(found)
  })
})
