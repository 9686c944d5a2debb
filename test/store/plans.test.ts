import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { readStats } from "../../src/store/stats/stats.js"
import { resolveTables } from "../../src/store/tables/resolve-tables.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"

interface Plan {
  "Node Type": string
  "Relation Name"?: string
  "Index Name"?: string
  /** How often it ran, and how many rows it returned and left out each time; known once it ran. */
  "Actual Loops"?: number
  "Actual Rows"?: number
  "Rows Removed by Filter"?: number
  Plans?: Plan[]
}

interface Statement {
  text: string
  values: unknown[]
}

describe("the statements in a large database", () => {
  let database: PostgresDatabase
  const statements: Statement[] = []

  beforeAll(async () => {
    database = await postgresDatabase()
    await database.sql.unsafe(`
      create table note (owner text references "user" on delete cascade); create index on note (owner);
      create table post (id int primary key, owner text references "user"); create index on post (owner);
      create table comment (post int references post); create index on comment (post)`)
  })
  afterAll(() => database.close())

  const someAlive = "now() + n % 3 * interval '1 day' - interval '1 day'"
  const allOver = "now() - interval '1 day'"

  const fill = async (seen: string, expires: string) => {
    await database.sql.unsafe(`truncate "user" cascade;
      insert into "user" (id, "lazySince", "seenAt") select 'u' || n, now() - interval '90 days', ${seen} from generate_series(1, 20000) n;
      insert into session select 'token' || n, 'u' || n, ${expires} from generate_series(1, 20000) n;
      insert into note select id from "user", generate_series(1, 2);
      insert into post select n, 'u' || n from generate_series(1, 20000, 3) n;
      insert into comment select id from post;
      analyze`)
  }

  /**
   * Explains a statement for a disk with fast random reads. Otherwise PostgreSQL would scan a table
   * of this size.
   */
  const planOf = async ({ text, values }: Statement, explain = "explain (format json)"): Promise<Plan> =>
    database.sql.begin(async (tx) => {
      await tx`set local random_page_cost = 1.1`
      const [row] = await tx.unsafe(`${explain} ${text}`, values as never[])
      return row?.["QUERY PLAN"][0].Plan
    })

  /** Runs a statement that reads, and explains what it did. */
  const runOf = (statement: Statement) => planOf(statement, "explain (analyze, format json)")

  /** Lists the parts of a plan that ran. */
  const ran = (plan: Plan): Plan[] => [...(plan["Actual Loops"] ? [plan] : []), ...(plan.Plans ?? []).flatMap(ran)]

  /** Counts the rows of a table that a statement read. */
  const readFrom = (plan: Plan, table: string): number =>
    ran(plan)
      .filter((part) => part["Relation Name"] === table)
      .reduce(
        (sum, part) =>
          sum + (part["Actual Loops"] ?? 0) * ((part["Actual Rows"] ?? 0) + (part["Rows Removed by Filter"] ?? 0)),
        0,
      )

  const scans = (plan: Plan): { table: string; by: string }[] => {
    const here = plan["Relation Name"] && / Scan$/.test(plan["Node Type"])
    const by = plan["Index Name"] ?? plan["Node Type"]
    return [...(here ? [{ table: plan["Relation Name"] as string, by }] : []), ...(plan.Plans ?? []).flatMap(scans)]
  }

  /** Records the statements of a Drizzle database. */
  const recording = () => {
    statements.length = 0
    return drizzle(database.sql, { logger: { logQuery: (text, values) => void statements.push({ text, values }) } })
  }

  it.each([
    ["of users who were seen at different times", "now() - interval '80 days' + n * interval '1 minute'", someAlive],
    ["of users who were all seen at the same moment", "now() - interval '80 days'", someAlive],
    ["of users who were never seen", "null", someAlive],
    ["of users whose sessions are all over", "now() - interval '80 days' + n * interval '1 minute'", allOver],
  ])("of a purge read no table as a whole, for batches %s", async (_, seen, expires) => {
    await fill(seen, expires)
    const { lazy } = LazyAdapter(recording())
    expect(await lazy.purge({ limit: 300, batchSize: 100 })).toMatchObject({ purged: 300 })
    expect(await lazy.purge({ limit: 300, batchSize: 100, cascade: true })).toMatchObject({ purged: 300 })

    const found = new Map<string, string[]>()
    for (const statement of statements.filter(({ text }) => /from "user"/.test(text)))
      for (const { table, by } of scans(await planOf(statement))) found.set(table, [...(found.get(table) ?? []), by])
    // The server's own list of tables is short, and is read to count what was deleted.
    found.delete("pg_class")
    expect([...found.keys()].sort()).toEqual(["comment", "post", "session", "user"])
    for (const [table, ways] of found) expect(ways, table).not.toContain("Seq Scan")
    const searches = statements.filter(({ text }) => /for update/.test(text))
    expect(searches.length).toBeGreaterThan(3)
    for (const search of searches)
      expect(scans(await planOf(search))).toContainEqual({ table: "user", by: "user_lazy_idx" })
  })

  it("of visits, sign-ins, conversions, merges and deletions read no table of the app as a whole", async () => {
    await fill("now()", "now() + interval '30 days'")
    await database.sql.unsafe(`
      update "user" set username = 'name-' || id, email = id || '@example.com';
      update "user" set "convertedAt" = now() where id like '%5';
      insert into account ("userId", type, provider, "providerAccountId") select id, 'oauth', 'one', id from "user";
      insert into password select id, '$argon2id$' from "user" where "convertedAt" is not null;
      analyze`)
    const adapter = LazyAdapter(recording())
    const lazy = internals(adapter.lazy)
    const session = () => ({ sessionToken: crypto.randomUUID(), expires: new Date(Date.now() + 86_400_000) })
    const by = { provider: "convert", type: "credentials" }
    const verify = async () => ({ ok: true })

    const first = session()
    const { user } = await lazy.createLazyUser({ session: first })
    await lazy.ensureUser({ ids: [crypto.randomUUID(), user.id], session: session() })
    expect(await adapter.getSessionAndUser(first.sessionToken)).toMatchObject({ user: { id: user.id } })
    expect(await lazy.touch({ session: { ...first, expires: new Date(Date.now() + 99_000_000) } }, 0)).toBe(true)
    expect(await lazy.touch({ userId: user.id }, 0)).toBe(true)
    expect(await lazy.checkPassword({ username: "name-u15" }, verify)).toMatchObject({ id: "u15" })
    expect(await lazy.checkPassword({ email: "u15@example.com" }, verify)).toMatchObject({ id: "u15" })
    expect(await adapter.getUserByEmail("u25@example.com")).toMatchObject({ id: "u25" })
    expect(await adapter.getUserByAccount({ provider: "one", providerAccountId: "u25" })).toMatchObject({ id: "u25" })
    await lazy.convert({ userId: "u1", set: { username: "ada", email: "ada@example.com" }, passwordHash: "$1", by })
    await lazy.proveEmail("u1")
    await lazy.setPassword("u15", "$2")
    expect(await lazy.merge("u2", "u15")).toMatchObject({ moved: { note: 2 } })
    await lazy.closeLazyUser("u3")
    await lazy.leaveBehind("u4", new Date())
    await lazy.deleteLazyUser("u6")

    const large = ["user", "session", "account", "password", "note", "post", "comment"]
    const read = new Set<string>()
    for (const statement of statements.filter(({ text }) => /^\s*(select|with|insert|update|delete)\b/i.test(text)))
      for (const { table, by } of scans(await planOf(statement))) {
        if (!large.includes(table)) continue
        read.add(table)
        expect(by, statement.text).not.toBe("Seq Scan")
      }
    expect([...read].sort()).toEqual(["account", "note", "password", "post", "session", "user"])
  })

  it("of statistics read no table as a whole, but for a sample of the users", async () => {
    await fill("now() - interval '80 days' + n * interval '1 minute'", someAlive)
    await database.sql.unsafe(`
      insert into "lazyOutcome" (id, at, outcome, way, since, users)
        select 'o' || n, now() - n * interval '2 hours', 'converted', 'password', now() - n * interval '3 hours', 1
        from generate_series(1, 20000) n;
      analyze`)
    /** Lists how each table was read; the tables of the catalogue are left out. */
    const ways = async () => {
      const plans = await Promise.all(statements.map(runOf))
      return plans
        .flatMap(ran)
        .filter((part) => part["Relation Name"] && !part["Relation Name"].startsWith("pg_"))
        .map((part) => `${part["Relation Name"]}: ${part["Node Type"]}`)
    }
    const tables = resolveTables({})
    const sampled = await readStats(recording(), tables, { details: true }, { above: 10, pages: 20 })
    expect(sampled).toMatchObject({ sampled: {}, details: { heldBack: { due: expect.any(Number) } } })
    const read = await ways()
    expect(read).toContain("user: Sample Scan")
    expect(read.filter((way) => way.includes("Seq Scan"))).toEqual([])
    // The exact number is what a scan counts, which a caller asks for.
    await readStats(recording(), tables, { exact: true })
    expect((await ways()).filter((way) => way.includes("Seq Scan"))).toEqual(["user: Seq Scan"])
  })

  it("of a merge and a purge read the list of partitions once, however many tables are reached", async () => {
    const partitions = 100
    await database.sql.unsafe(`truncate "user" cascade;
      insert into "user" (id, "lazySince", "seenAt") values ('lazy', now(), now()), ('dead', now() - interval '90 days', null);
      insert into "user" (id) values ('real');
      create table event (owner text references "user") partition by hash (owner);
      do $$ begin
        for n in 0..${partitions - 1} loop
          execute format('create table event_%s partition of event for values with (modulus ${partitions}, remainder %s)', n, n);
        end loop;
      end $$;
      insert into event values ('lazy'); analyze`)
    const { lazy } = LazyAdapter(recording())
    expect(await lazy.merge("lazy", "real")).toMatchObject({ moved: { event: 1 } })
    expect(await lazy.purge()).toMatchObject({ purged: 1 })
    const reading = statements.filter(({ text }) => text.includes("pg_inherits"))
    expect(reading).toHaveLength(2)
    for (const statement of reading) {
      const read = readFrom(await runOf(statement), "pg_inherits")
      // Once for the children of the table, and once for the tables that are children themselves.
      expect(read).toBeGreaterThanOrEqual(partitions)
      expect(read).toBeLessThanOrEqual(2 * partitions)
    }
  })
})
