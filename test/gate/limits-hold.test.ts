import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { drizzle } from "drizzle-orm/postgres-js"
import express from "express"
import postgres from "postgres"
import { afterAll, beforeAll, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { allowLazy } from "../../src/express.js"
import { gate, handleAuth, type LazyAuth, type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { FlowApp, password, refusal } from "../setup/flow-app.js"

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
const app = new FlowApp("database")
let database: PostgresDatabase
beforeAll(async () => {
  database = await postgresDatabase()
  app.database = database
})
afterAll(async () => {
  await database.close()
})

/** Nobody else's secret: apps with equal configurations on one database share their limits. */
const fresh = (): Partial<LazyConfig> => ({ secret: crypto.randomUUID() })

const statuses = async (auth: LazyAuth, addresses: string[], headers: Record<string, string>[] = []) => {
  const found: number[] = []
  for (const [n, address] of addresses.entries()) {
    const request = new Request("http://app.test/", { headers: { "user-agent": CHROME, ...headers[n] } })
    const result = await gate(request, auth, { getClientAddress: () => address })
    found.push(result.open ? 200 : result.status)
  }
  return found
}

/**
 * Makes a browser whose every request gets its own configuration, pool and providers, as in
 * Workers.
 */
function perRequest(changes: Partial<LazyConfig>, clients: postgres.Sql[]): LazyAuth {
  return (request) => {
    const client = postgres(database.url, { max: 1, onnotice: () => {} })
    clients.push(client)
    const adapter = LazyAdapter(drizzle(client))
    const providers = [LazyProvider(), PasswordProvider(), ConvertProvider()]
    return withLazy({ ...app.config, ...changes, adapter, providers })(request)
  }
}

it("holds all limits where everything is made anew for each request", async () => {
  const clients: postgres.Sql[] = []
  const auth = perRequest({ ...fresh(), lazy: { limits: { perAddress: 3 } } }, clients)
  expect(await statuses(auth, Array<string>(5).fill("203.0.113.9"))).toEqual([200, 200, 200, 429, 429])

  const browser = new Browser("http://app.test", (request) =>
    handleAuth(request, auth, { getClientAddress: () => "203.0.113.9" }),
  )
  await browser.signIn("convert", { username: "per-request", password })
  await browser.signOut()
  const codes: (string | null)[] = []
  for (let n = 0; n < 11; n++)
    codes.push(refusal(await browser.signIn("password", { username: "per-request", password: "x" })))
  expect(codes).toEqual([...Array(10).fill("wrong_credentials"), "too_many_tries"])
  await Promise.all(clients.map((client) => client.end()))
})

it("lets no configuration that serves many requests be limited by another one", async () => {
  const [changes, lazy] = [fresh(), { limits: { perAddress: 2 } }]
  for (let n = 0; n < 2; n++) {
    const auth = withLazy({ ...app.config, ...changes, lazy })
    expect(await statuses(auth, Array<string>(3).fill("203.0.113.11"))).toEqual([200, 200, 429])
  }
  const anew: LazyAuth = (request) => withLazy({ ...app.config, ...changes, lazy })(request)
  expect(await statuses(anew, Array<string>(3).fill("203.0.113.11"))).toEqual([200, 200, 429])
})

it("does not share limits between databases, secrets or limits", async () => {
  const lazy = { limits: { perAddress: 1 } }
  const changes = fresh()
  const one = withLazy({ ...app.config, ...changes, lazy })
  expect(await statuses(one, ["192.0.2.1", "192.0.2.1"])).toEqual([200, 429])
  const other = withLazy({ ...app.config, ...fresh(), lazy })
  expect(await statuses(other, ["192.0.2.1"])).toEqual([200])
  const elsewhere = await postgresDatabase()
  const third = withLazy({ ...app.config, ...changes, lazy, adapter: LazyAdapter(elsewhere.db) })
  expect(await statuses(third, ["192.0.2.1"])).toEqual([200])
  await elsewhere.close()
})

it.each([
  ["a port", (n: number) => `203.0.113.7:${50_000 + n}`],
  ["IPv6 and a port", (n: number) => `[2001:db8:7::1]:${50_000 + n}`],
  ["brackets", () => "[2001:db8:8::1]"],
  ["a zone", (n: number) => `fe80::1%eth${n}`],
  ["blanks", (n: number) => ` 203.0.113.8${" ".repeat(n)}`],
  ["an IPv4-mapped address", () => "::ffff:203.0.113.9"],
  ["a list, whose left end anybody can write", (n: number) => `198.51.100.${n}, 203.0.113.10`],
  ["RFC 7239", (n: number) => `for="[2001:db8:9::1]:${4000 + n}";proto=https`],
  ["unknown", () => "unknown"],
  ["an obfuscated identifier", (n: number) => `_hidden${n}`],
  ["numbers that are no address", (n: number) => `${1000 + n}`],
])("counts a client whose address comes with %s", async (_, address) => {
  const limits = { perAddress: 3 }
  const addresses = [0, 1, 2, 3].map(address)
  const direct = withLazy({ ...app.config, ...fresh(), lazy: { limits } })
  expect(await statuses(direct, addresses)).toEqual([200, 200, 200, 429])
  const trusting = withLazy({ ...app.config, ...fresh(), lazy: { limits, trustProxy: { header: "x-client" } } })
  const headers = addresses.map((each) => ({ "x-client": each }))
  expect(await statuses(trusting, Array<string>(4).fill("10.0.0.1"), headers)).toEqual([200, 200, 200, 429])
})

it("counts clients whose address can't be read as one, and says so once", async () => {
  app.logged.length = 0
  const lazy = { limits: { perAddress: 3 }, trustProxy: { header: "x-client", hops: 2 } }
  const changes = fresh()
  const auth: LazyAuth = (request) => withLazy({ ...app.config, ...changes, lazy })(request)
  const headers = [{ "x-client": "?" }, {}, { "x-client": "203.0.113.1" }, { "x-client": "b, c" }] as Record<
    string,
    string
  >[]
  expect(await statuses(auth, Array<string>(4).fill("10.0.0.1"), headers)).toEqual([200, 200, 200, 429])
  expect(app.logged.filter(({ message }) => message.includes("can't be read"))).toHaveLength(1)
})

it("limits nobody by an address that nothing tells", async () => {
  const auth = withLazy({ ...app.config, ...fresh(), lazy: { limits: { perAddress: 1 } } })
  expect(await statuses(auth, ["", " ", ""])).toEqual([200, 200, 200])
})

it("lets the /48 around an IPv6 client make ten times as many", async () => {
  const auth = withLazy({ ...app.config, ...fresh(), lazy: { limits: { perAddress: 1 } } })
  const homes = Array.from({ length: 12 }, (_, n) => `2001:db8:48:${n.toString(16)}::1`)
  expect(await statuses(auth, homes)).toEqual([...Array<number>(10).fill(200), 429, 429])
  expect(await statuses(auth, ["2001:db8:49::1"])).toEqual([200])
})

it("never lets an address that is over its limit use up the tries of a name", async () => {
  const changes = fresh()
  const auth = withLazy({ ...app.config, ...changes })
  const from = (address: string) =>
    new Browser("http://app.test", (request) => handleAuth(request, auth, { getClientAddress: () => address }))
  const owner = from("192.0.2.20")
  await owner.signIn("convert", { username: "locked-out", password })
  await owner.signOut()
  const evil = from("192.0.2.21")
  const csrfToken = await evil.csrfToken()
  const guess = (username: string) =>
    evil.visit("/auth/callback/password", { form: { csrfToken, username, password: "x" } })
  for (let n = 0; n < 100; n++) await guess(`nobody-${n}`)
  for (let n = 0; n < 11; n++) expect(refusal(await guess("locked-out"))).toBe("too_many_tries")
  await owner.signIn("password", { username: "locked-out", password })
  expect((await owner.session())?.user.username).toBe("locked-out")
}, 60_000)

it("counts the client of Express behind a gateway that writes a port", async () => {
  const auth = withLazy({ ...app.config, ...fresh(), lazy: { limits: { perAddress: 3 } } })
  const server = express()
  server.set("trust proxy", 1)
  server.get("/notes", allowLazy(auth), (_req, res) => void res.send("open"))
  const listening = server.listen(0, "127.0.0.1")
  await once(listening, "listening")
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const found: number[] = []
  for (const address of [7, 7, 7, 7, 8].map((host, n) => `203.0.113.${host}:${50_000 + n}`)) {
    const headers = { "user-agent": CHROME, "x-forwarded-for": address }
    found.push((await fetch(`${origin}/notes`, { headers })).status)
  }
  // The second client is counted by its own address, and not with all that can't be read.
  expect(found).toEqual([200, 200, 200, 429, 200])
  listening.closeAllConnections()
  listening.close()
})
