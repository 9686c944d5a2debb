import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { API, Visitor } from "../contract/gate-contract-visitor.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { secret } from "../setup/flow-app.js"
import { type Running, startProcess } from "../setup/start-process.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const LIMIT = 7

interface Seen {
  pid: number
  id: string
}

describe("a limit that two server processes share in Postgres", () => {
  let database: PostgresDatabase
  let servers: Running[] = []

  beforeAll(async () => {
    database = await postgresDatabase()
    // As in docs/limits.md.
    await database.query("create table rate_limit (key text primary key, points integer not null, expire timestamptz)")
    const env = { DATABASE_URL: database.url, AUTH_SECRET: secret, LIMIT: String(LIMIT) }
    const start = () =>
      startProcess(root, process.execPath, ["--import", "tsx", "test/gate/shared-limits-server.ts"], env)
    servers = await Promise.all([start(), start()])
  })
  beforeEach(() => database.query("truncate rate_limit"))
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await database?.close()
  })

  const users = async () => Number((await database.query('select count(*) as n from "user"'))[0]?.n)
  const newVisitor = (n: number) => new Visitor((servers[n % servers.length] as Running).port)

  async function seenBy(answers: Response[]): Promise<Seen[]> {
    return Promise.all(answers.filter(({ status }) => status === 200).map((answer) => answer.json() as Promise<Seen>))
  }

  function expectRefusals(answers: Response[], count: number): void {
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(count)
    for (const { headers } of refused) {
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(3500)
      expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(3600)
      expect(headers.getSetCookie()).toEqual([])
    }
  }

  it("lets no more lazy users be made than it says, whichever of them is asked", async () => {
    const before = await users()
    const first = newVisitor(0)
    const answers = [await first.visit("/", { headers: API })]
    for (let n = 1; n < LIMIT + 4; n++) answers.push(await newVisitor(n).visit("/", { headers: API }))
    expect(answers.map(({ status }) => status)).toEqual([...Array(LIMIT).fill(200), ...Array(4).fill(429)])
    expectRefusals(answers, 4)
    const seen = await seenBy(answers)
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(2)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(LIMIT)
    expect(await users()).toBe(before + LIMIT)

    // A visitor with a session passes, at the other server too.
    const elsewhere = newVisitor(1)
    await elsewhere.jar.setCookie(`authjs.session-token=${await first.sessionCookie()}; Path=/`, elsewhere.origin)
    expect(await (await elsewhere.visit("/")).json()).toMatchObject({ id: seen[0]?.id, pid: seen[1]?.pid })
  })

  it("holds against forty requests at once", async () => {
    const before = await users()
    const visitors = Array.from({ length: 40 }, (_, n) => newVisitor(n))
    const answers = await Promise.all(visitors.map((visitor) => visitor.visit("/", { headers: API })))
    expectRefusals(answers, 40 - LIMIT)
    expect(await seenBy(answers)).toHaveLength(LIMIT)
    expect(await users()).toBe(before + LIMIT)
    for (const n of [0, 1]) expect((await newVisitor(n).visit("/")).status).toBe(429)
    expect(await users()).toBe(before + LIMIT)
  })
})
