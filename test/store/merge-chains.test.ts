import { drizzle } from "drizzle-orm/postgres-js"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type MergeHookParams } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runs } from "../setup/runs.js"
import { since } from "../setup/server-version.js"
import { MergeWorld } from "./merge-world.js"

/** A table of a chain: `id`, `k`, the parent, and perhaps an owner. */
interface LinkShape {
  /** The position of the table that it hangs on, counted back from the one before it. */
  back: number
  action: string
  rule: string
  isOwned: boolean
  isPartitioned: boolean
  rows: { parent: number; owner: string; k: number | null }[]
}

const owner = fc.constantFrom("from", "from", "into", "other")
const k = fc.option(fc.integer({ min: 0, max: 2 }), { freq: 5 })

const linkShape: fc.Arbitrary<LinkShape> = fc.record({
  back: fc.nat(3),
  action: fc.constantFrom("no action", "restrict", "cascade", "set null"),
  rule: fc.constantFrom(
    "",
    "unique (parent, k)",
    "unique (parent)",
    ...since(15, ["unique nulls not distinct (parent, k)"]),
    "partial",
  ),
  isOwned: fc.boolean(),
  isPartitioned: fc.boolean(),
  rows: fc.array(fc.record({ parent: fc.nat(5), owner, k }), { minLength: 1, maxLength: 9 }),
})

const world = fc.record({
  rootRule: fc.constantFrom("unique (owner, k)", "unique (owner)", "partial", "two"),
  roots: fc.array(fc.record({ owner, k }), { minLength: 2, maxLength: 6 }),
  chain: fc.array(linkShape, { minLength: 1, maxLength: 4 }),
})
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never

interface Row extends Record<string, unknown> {
  id: number
  parent: number | null
  owner?: string
}

const parentOf = ({ back }: LinkShape, position: number) => Math.max(0, position - back)

describe("merging chains of tables, whatever their keys and rules", () => {
  let database: PostgresDatabase
  let db: MergeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    db = new MergeWorld(database)
  })
  afterAll(() => database.close())

  const build = async ({ rootRule, roots, chain }: World) => {
    await db.reset()
    await db.lazyUser("from")
    await db.realUser("into")
    await db.realUser("other")
    const rules: Record<string, string> = { two: "unique (owner), unique (owner, k)", partial: "check (true)" }
    await db.run(
      `create table c0 (id int primary key, parent int, owner text references "user" on delete cascade, k int, ${rules[rootRule] ?? rootRule})`,
    )
    if (rootRule === "partial") await db.run("create unique index on c0 (owner) where k > 0")
    for (const [n, link] of chain.entries()) {
      const { action, rule, isOwned, isPartitioned } = link
      // Of a partitioned table every rule holds the column by which it is divided.
      const divided = isPartitioned && rule === "" && n === chain.length - 1
      const columns = [
        divided ? "id int" : "id int primary key",
        `parent int references c${parentOf(link, n)} on delete ${action}`,
        isOwned ? `owner text references "user" on delete cascade` : "owner text",
        "k int",
        ...(rule === "" || rule === "partial" ? [] : [rule]),
      ]
      await db.run(`create table c${n + 1} (${columns.join(", ")}) ${divided ? "partition by hash (parent)" : ""}`)
      if (divided)
        for (const part of [0, 1])
          await db.run(
            `create table c${n + 1}_${part} partition of c${n + 1} for values with (modulus 2, remainder ${part})`,
          )
      if (rule === "partial") await db.run(`create unique index on c${n + 1} (parent) where k = 1`)
    }
    const insert = (table: number, id: number, parent: number | null, owner: string | null, k: number | null) =>
      database
        .query(`insert into c${table} values (${id}, ${parent}, ${owner === null ? "null" : `'${owner}'`}, ${k})`)
        .catch(() => {})
    for (const [id, { owner, k }] of roots.entries()) await insert(0, id, null, owner, k)
    for (const [n, { rows, isOwned }] of chain.entries())
      for (const [id, { parent, owner, k }] of rows.entries())
        await insert(n + 1, id, parent, isOwned ? owner : null, k)
  }

  const contents = async ({ chain }: World) => {
    const tables: Row[][] = []
    for (let n = 0; n <= chain.length; n++) tables.push((await db.run(`select * from c${n} order by id`)) as Row[])
    return tables
  }

  it("loses no row but those handed over and what hangs on them, and moves the rest along", async () => {
    const seen = { merged: 0, handed: 0, along: 0 }
    await fc.assert(
      fc.asyncProperty(world, async (shape) => {
        await build(shape)
        const before = await contents(shape)
        let conflicts: MergeHookParams["conflicts"] = {}
        let statements = 0
        const counting = drizzle(database.sql, { logger: { logQuery: () => void statements++ } })
        const failure = await LazyAdapter(counting)
          .lazy.merge("from", "into", {
            onMerge: (params) => {
              conflicts = params.conflicts
            },
          })
          .then(
            () => undefined,
            (error: { code: string; constraint?: string }) => error,
          )
        const after = await contents(shape)
        const { chain } = shape
        if (failure) {
          // Only a key without ON DELETE may refuse, below a row that has no row to move to.
          expect(failure).toMatchObject({ code: "merge_conflict", constraint: expect.stringMatching(/_parent_fkey$/) })
          expect(chain.some(({ action }) => action === "no action" || action === "restrict")).toBe(true)
          expect(after).toEqual(before)
          return
        }
        seen.merged++
        const tables = chain.length + 1
        expect(statements).toBeLessThan(14 + 8 * tables)

        const by = (table: number) =>
          new Map((conflicts[`c${table}`] ?? []).map(({ row, by }) => [row.id as number, by as Row | null]))
        const handed = before.map((_, table) => by(table))
        const there = after.map((rows) => new Map(rows.map((row) => [row.id, row])))
        for (const [table, rows] of before.entries()) {
          const link = chain[table - 1]
          const up = link ? parentOf(link, table - 1) : 0
          for (const row of rows) {
            const now = there[table]?.get(row.id)
            const stopper = row.parent === null || !link ? undefined : handed[up]?.get(row.parent)
            const isParentLost = link !== undefined && row.parent !== null && !there[up]?.has(row.parent)
            if (handed[table]?.has(row.id)) {
              seen.handed++
              expect(now).toBeUndefined()
            } else if (!now) {
              // It hung on a row that is gone and had no place to move to.
              expect([isParentLost, stopper ?? null, link?.action]).toEqual([true, null, "cascade"])
            } else {
              expect(now.owner).toBe(row.owner === "from" ? "into" : row.owner)
              if (stopper) {
                seen.along++
                expect(now.parent).toBe(stopper.id)
              } else if (isParentLost) expect([now.parent, link?.action]).toEqual([null, "set null"])
              else expect(now.parent).toBe(row.parent)
            }
          }
          for (const other of handed[table]?.values() ?? []) if (other) expect(there[table]?.has(other.id)).toBe(true)
        }
        expect(await db.run(`select id from "user" order by id`)).toEqual([{ id: "into" }, { id: "other" }])
      }),
      runs(30),
    )
    // Otherwise the chains would be too tame to show anything.
    expect(seen.merged).toBeGreaterThan(4)
    expect(seen.handed).toBeGreaterThan(4)
    expect(seen.along).toBeGreaterThan(1)
  }, 180_000)
})
