import { createTRPCUntypedClient, httpBatchLink, httpBatchStreamLink, httpLink, TRPCClientError } from "@trpc/client"
import { handleAuth, type withLazy } from "authjs-lazy"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { earlyInWindow, password } from "../setup/flow-app.js"
import { serve, type WebServer } from "../setup/web-server.js"
import { runPage, setEnvironment } from "./run-page.js"
import { fetchOf } from "./script-fetch.js"

const BOT = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" }
const FOREIGN = { origin: "https://other.example", "sec-fetch-site": "cross-site" }
/** The types that a form of another site can post, and none. */
const FORM_TYPES = ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", undefined]
/** How many lazy users a server makes before it refuses. */
const LIMIT = 20

const idOf = async (browser: Browser) => (await browser.session())?.user.id

describe.each([
  ["docs/recipes/trpc.md", "server.ts"],
  ["docs/recipes/graphql.md", "graphql.ts"],
])("%s", (path, file) => {
  const { load, change } = runPage(path)
  let database: PostgresDatabase
  let restore: () => void
  let server: WebServer
  const visitor = () => new Browser(server.origin)
  const users = async () => (await database.query(`select 1 from "user"`)).length

  beforeAll(async () => {
    database = await postgresDatabase()
    restore = setEnvironment({ DATABASE_URL: database.url })
    change("auth.ts", "providers:", `lazy: { limits: { overall: ${LIMIT} } }, providers:`)
    const { authConfig } = await load<{ authConfig: ReturnType<typeof withLazy> }>("auth.ts")
    const { handle } = await load<{ handle: (request: Request) => Promise<Response> }>(file)
    server = await serve((request) =>
      new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, authConfig) : handle(request),
    )
  })
  afterAll(async () => {
    await server?.close()
    await (await load<{ db: { $client: { end: () => Promise<void> } } }>("db.ts")).db.$client.end()
    restore?.()
    await database?.close()
  })
  beforeEach(() => database.query(`delete from "user"`))

  if (file === "server.ts") {
    const clientOf = (browser: Browser, { link = httpBatchLink, headers = {} } = {}) => {
      let requests = 0
      const send = fetchOf(browser, headers)
      const options = {
        url: `${server.origin}/trpc`,
        fetch: (input: string | URL | Request, init?: object) => {
          requests++
          return send(input, init)
        },
      }
      const client = createTRPCUntypedClient({ links: [link(options)] })
      return { client, requests: () => requests }
    }
    const refusal = async (call: Promise<unknown>) => {
      const [{ reason: error }] = (await Promise.allSettled([call])) as [PromiseRejectedResult]
      if (!(error instanceof TRPCClientError)) throw new Error("The call was not refused.", { cause: error })
      return { code: error.data?.code, status: error.data?.httpStatus, reason: error.data?.reason }
    }

    it("makes nobody for a query, and one user for the first mutation", async () => {
      const browser = visitor()
      const { client } = clientOf(browser)
      expect(await client.query("mine")).toEqual([])
      expect([await users(), await browser.sessionCookie()]).toEqual([0, undefined])
      const id = await client.mutation("write", "one")
      expect(await idOf(browser)).toBe(id)
      expect(await client.mutation("write", "two")).toBe(id)
      expect(await client.query("mine")).toEqual(["one", "two"].map((text) => ({ userId: id, text })))
      expect(await users()).toBe(1)
    })

    it.each([
      ["a batch", httpBatchLink, 1],
      ["a streamed batch", httpBatchStreamLink, 1],
      ["requests sent at once", httpLink, 3],
    ] as const)("makes one user for %s of first mutations", async (_, link, expected) => {
      const browser = visitor()
      await browser.csrfToken()
      await earlyInWindow()
      const { client, requests } = clientOf(browser, { link: link as typeof httpBatchLink })
      const ids = await Promise.all(["a", "b", "c"].map((text) => client.mutation("write", text)))
      expect(new Set(ids)).toEqual(new Set([await idOf(browser)]))
      expect([await users(), requests()]).toEqual([1, expected])
    })

    it("refuses with tRPC's code and the reason of the gate", async () => {
      const write = (headers: Record<string, string>) => clientOf(visitor(), { headers }).client.mutation("write", "x")
      const unauthorized = { code: "UNAUTHORIZED", status: 401 }
      expect(await refusal(write(BOT))).toEqual({ ...unauthorized, reason: "bot" })
      expect(await refusal(write(FOREIGN))).toEqual({ ...unauthorized, reason: "cross-site" })
      expect(await users()).toBe(0)

      const browser = visitor()
      const { client } = clientOf(browser)
      const forbidden = { code: "FORBIDDEN", status: 403, reason: "real-required" }
      expect(await refusal(client.mutation("publish"))).toEqual(forbidden)
      const id = await idOf(browser)
      await browser.signIn("convert", { username: "ada", password })
      expect(await client.mutation("publish")).toBe(id)
      expect(await refusal(client.mutation("write", ""))).toMatchObject({ code: "BAD_REQUEST", reason: null })
    })

    it("goes on as a new user where the session has ended", async () => {
      const browser = visitor()
      const { client } = clientOf(browser)
      const before = await client.mutation("write", "before")
      await database.query(`delete from "user"`)
      const after = await client.mutation("write", "after")
      expect(after).not.toBe(before)
      expect(await idOf(browser)).toBe(after)
    })

    it("takes JSON alone, and runs no query by POST", async () => {
      for (const type of FORM_TYPES) {
        const body = type?.startsWith("multipart") ? "--x--" : new TextEncoder().encode('"x"')
        const headers = type ? { "content-type": type } : undefined
        const send = fetchOf(visitor())
        expect((await send(`${server.origin}/trpc/write`, { method: "POST", headers, body })).status).toBe(415)
      }
      expect(await users()).toBe(0)
      const url = `${server.origin}/trpc`
      const link = httpLink({ url, fetch: fetchOf(visitor()), methodOverride: "POST" })
      const overridden = createTRPCUntypedClient({ links: [link] })
      expect(await refusal(overridden.query("mine"))).toMatchObject({ code: "METHOD_NOT_SUPPORTED" })
    })

    it("tells when there are too many, and when to come again", async () => {
      let answer: Response | undefined
      const url = `${server.origin}/trpc`
      const send = async (to: string | URL | Request, init?: RequestInit) => {
        answer = await fetchOf(visitor())(to, init)
        return answer.clone()
      }
      const link = httpLink({ url, fetch: (to, init) => send(to, init as RequestInit) })
      const client = createTRPCUntypedClient({ links: [link] })
      const calls = await Promise.allSettled(Array.from({ length: LIMIT + 1 }, () => client.mutation("write", "x")))
      expect(calls.some(({ status }) => status === "rejected")).toBe(true)
      const tooMany = { code: "TOO_MANY_REQUESTS", status: 429, reason: "rate-limited" }
      expect(await refusal(client.mutation("write", "x"))).toEqual(tooMany)
      expect(answer?.status).toBe(429)
      expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0)
    })
    return
  }

  interface Answer {
    status: number
    headers: Headers
    data: Record<string, unknown> | null
    reasons: { code: string; reason: string }[]
  }
  const ask = async (browser: Browser, query: string, more: Record<string, string> = {}): Promise<Answer> => {
    const headers = { "content-type": "application/json" }
    const body = JSON.stringify({ query })
    const response = await fetchOf(browser, more)(`${server.origin}/graphql`, { method: "POST", headers, body })
    const { data = null, errors = [] } = (await response.json()) as {
      data?: Answer["data"]
      errors?: { extensions: { code: string; reason: string } }[]
    }
    const reasons = errors.map(({ extensions: { code, reason } }) => ({ code, reason }))
    return { status: response.status, headers: response.headers, data, reasons }
  }
  const WRITE = `mutation { write(text: "one") }`

  it("makes nobody for a query, posted or not, and one user for the first mutation", async () => {
    const browser = visitor()
    expect((await ask(browser, "{ mine }")).data).toEqual({ mine: [] })
    const got = await fetchOf(browser)(`${server.origin}/graphql?query={mine}`)
    expect(await got.json()).toEqual({ data: { mine: [] } })
    expect([await users(), await browser.sessionCookie()]).toEqual([0, undefined])
    const { data } = await ask(browser, WRITE)
    expect(data?.write).toBe(await idOf(browser))
    expect((await ask(browser, WRITE)).data).toEqual(data)
    expect((await ask(browser, "{ mine }")).data).toEqual({ mine: ["one", "one"] })
    expect(await users()).toBe(1)
  })

  it("makes one user for several first mutations, of a document or sent at once", async () => {
    const browser = visitor()
    const { data } = await ask(browser, `mutation { a: write(text: "a") b: write(text: "b") }`)
    expect(new Set(Object.values(data ?? {}))).toEqual(new Set([await idOf(browser)]))
    expect(await users()).toBe(1)

    const other = visitor()
    await other.csrfToken()
    await earlyInWindow()
    const answers = await Promise.all([1, 2, 3].map(() => ask(other, WRITE)))
    expect(new Set(answers.map(({ data }) => data?.write))).toEqual(new Set([await idOf(other)]))
    expect(await users()).toBe(2)
  })

  it("refuses with a code and the reason of the gate", async () => {
    const code = "UNAUTHENTICATED"
    expect((await ask(visitor(), WRITE, BOT)).reasons).toEqual([{ code, reason: "bot" }])
    expect((await ask(visitor(), WRITE, FOREIGN)).reasons).toEqual([{ code, reason: "cross-site" }])
    const browser = visitor()
    const publish = "mutation { publish }"
    expect((await ask(browser, publish)).reasons).toEqual([{ code, reason: "real-required" }])
    expect(await users()).toBe(0)
    const id = (await ask(browser, WRITE)).data?.write
    expect((await ask(browser, publish)).reasons).toEqual([{ code: "FORBIDDEN", reason: "real-required" }])
    await browser.signIn("convert", { username: "ada", password })
    expect((await ask(browser, publish)).data).toEqual({ publish: id })
  })

  it("lets the client send a mutation again where the session has ended", async () => {
    const browser = visitor()
    const before = (await ask(browser, WRITE)).data?.write
    await database.query(`delete from "user"`)
    expect(await ask(browser, WRITE)).toMatchObject({
      status: 200,
      reasons: [{ code: "FORBIDDEN", reason: "session-ended" }],
    })
    const after = (await ask(browser, WRITE)).data?.write
    expect(after).not.toBe(before)
    expect(await idOf(browser)).toBe(after)
  })

  it("takes JSON alone, and runs no mutation by GET", async () => {
    for (const type of [...FORM_TYPES, "application/graphql"]) {
      const body = new TextEncoder().encode(`query=${encodeURIComponent(WRITE)}`)
      const headers = type ? { "content-type": type } : undefined
      const send = fetchOf(visitor())
      expect((await send(`${server.origin}/graphql`, { method: "POST", headers, body })).status).toBe(415)
    }
    const got = await fetchOf(visitor())(`${server.origin}/graphql?query=${encodeURIComponent(WRITE)}`)
    expect(got.status).toBe(405)
    expect(await users()).toBe(0)
  })

  it("tells when there are too many, and when to come again", async () => {
    await Promise.all(Array.from({ length: LIMIT + 1 }, () => ask(visitor(), WRITE)))
    const { status, headers, reasons } = await ask(visitor(), WRITE)
    expect([status, reasons]).toEqual([429, [{ code: "FORBIDDEN", reason: "rate-limited" }]])
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0)
  })
})
