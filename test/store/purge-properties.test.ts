import { drizzle } from "drizzle-orm/postgres-js"
import fc from "fast-check"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runs } from "../setup/runs.js"
import { PurgeWorld } from "./purge-world.js"

/** A column that refers to a table: to the user table where `to` is -1. */
interface KeyShape {
  to: number
  onDelete: "cascade" | "no action" | "restrict" | "set null"
  deferred: boolean
}

interface WorldShape {
  /** The keys of each table, and last those of the user table. */
  keys: KeyShape[][]
  /** The rows of each table: for each key of a row, the row that it refers to, or none. */
  rows: (number | null)[][][]
  /** How many of the users are dead; the others are real or alive. */
  dead: number
}

const USERS = 6
const TABLES = 4
const ROWS = 5

const keyShape: fc.Arbitrary<KeyShape> = fc.record({
  to: fc.integer({ min: -1, max: TABLES - 1 }),
  onDelete: fc.constantFrom("cascade", "cascade", "no action", "restrict", "set null"),
  deferred: fc.boolean(),
})

const reference = fc.option(fc.nat({ max: 29 }), { freq: 2 })

const worldShape: fc.Arbitrary<WorldShape> = fc
  .tuple(
    fc.tuple(
      ...Array.from({ length: TABLES }, () => fc.array(keyShape, { minLength: 1, maxLength: 3 })),
      fc.array(keyShape, { maxLength: 1 }),
    ),
    fc.integer({ min: 1, max: USERS - 1 }),
  )
  .chain(([keys, dead]) =>
    fc.record({
      keys: fc.constant(keys),
      dead: fc.constant(dead),
      rows: fc.tuple(
        ...keys.map((ofTable, table) => {
          const row = fc.tuple(...ofTable.map(() => reference)) as fc.Arbitrary<(number | null)[]>
          return table === TABLES
            ? fc.array(row, { minLength: USERS, maxLength: USERS })
            : fc.array(row, { maxLength: ROWS })
        }),
      ) as fc.Arbitrary<(number | null)[][][]>,
    }),
  )

/** Tables with one key each, to an earlier table or the user table, or with none. */
function treeOf({ keys, rows, dead }: WorldShape): WorldShape {
  const trees = keys.map((ofTable, table) =>
    table === TABLES ? [] : ofTable.slice(0, 1).map((key) => ({ ...key, to: key.to < table ? key.to : -1 })),
  )
  return {
    keys: trees,
    dead,
    rows: rows.map((ofTable, table) => ofTable.map((row) => row.slice(0, trees[table]?.length))),
  }
}

/**
 * A row of the model. `table` is as in the shape, the user table last; `refers` lists rows by the
 * table's keys.
 */
interface Row {
  table: number
  id: string
  refers: (Row | null)[]
}

const tableName = (table: number) => (table === TABLES || table === -1 ? `"user"` : `t${table}`)
const label = (table: number) => (table === TABLES ? "user" : `t${table}`)

const keyOf = (keys: KeyShape[][], table: number, k: number) => (keys[table] as KeyShape[])[k] as KeyShape

function modelOf({ keys, rows }: WorldShape): Row[] {
  const all = rows.map((ofTable, table) =>
    ofTable.map((_, n): Row => ({ table, id: table === TABLES ? `u${n}` : `${n}`, refers: [] })),
  )
  for (const [table, ofTable] of rows.entries())
    for (const [n, references] of ofTable.entries())
      ((all[table] as Row[])[n] as Row).refers = references.map((reference, k) => {
        const { to } = keyOf(keys, table, k)
        const targets = all[to === -1 ? TABLES : to] as Row[]
        return reference === null || targets.length === 0 ? null : (targets[reference % targets.length] as Row)
      })
  return all.flat()
}

/** What a purge of everybody at once may do, found out one row at a time. */
class Oracle {
  constructor(
    private readonly shape: WorldShape,
    private readonly rows: Row[],
    private readonly cascade: boolean,
  ) {}

  /**
   * Computes the users to delete, the rows deleted with them, and the tables that keep the others.
   */
  outcome(): { gone: Set<Row>; purged: number; skipped: Record<string, number> } {
    const dead = this.rows.filter(({ table, id }) => table === TABLES && Number(id.slice(1)) < this.shape.dead)
    const skipped: Record<string, number> = {}
    for (let free = dead; ; ) {
      const gone = this.goesWith(free)
      const heldBack = new Map(free.map((user) => [user, this.holders(this.goesWith([user]), gone)]))
      const still = free.filter((user) => heldBack.get(user)?.size === 0)
      if (still.length === free.length) return { gone, purged: free.length, skipped }
      for (const tables of heldBack.values())
        for (const table of tables) skipped[label(table)] = (skipped[label(table)] ?? 0) + 1
      free = still
    }
  }

  private goesWith(users: Row[]): Set<Row> {
    const gone = new Set(users)
    for (const row of gone)
      for (const { child, key } of this.referring(row)) if (this.isFollowed(child, key)) gone.add(child)
    return gone
  }

  private holders(ofUser: Set<Row>, gone: Set<Row>): Set<number> {
    const tables = new Set<number>()
    for (const row of ofUser)
      for (const { child, key } of this.referring(row))
        if (!gone.has(child) && !this.isFollowed(child, key) && key.onDelete !== "set null") tables.add(child.table)
    return tables
  }

  private isFollowed(child: Row, { onDelete }: KeyShape): boolean {
    if (child.table === TABLES || onDelete === "set null") return false
    return onDelete === "cascade" || this.cascade
  }

  private referring(row: Row): { child: Row; key: KeyShape }[] {
    return this.rows.flatMap((child) =>
      child.refers.flatMap((target, k) =>
        target === row ? [{ child, key: keyOf(this.shape.keys, child.table, k) }] : [],
      ),
    )
  }
}

describe("purging, whatever the schema and the rows", () => {
  let database: PostgresDatabase
  let world: PurgeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new PurgeWorld(database)
  })
  afterAll(() => database.close())

  const build = async (shape: WorldShape): Promise<Row[]> => {
    const rows = modelOf(shape)
    const statements: string[] = []
    for (const [table, keys] of shape.keys.entries()) {
      const columns = keys.map(({ to }, k) => `k${k} ${to === -1 ? "text" : "int"}`)
      if (table !== TABLES) statements.push(`create table t${table} (${["id int primary key", ...columns].join(", ")})`)
      else statements.push(...columns.map((column) => `alter table "user" add column ${column}`))
    }
    const literal = (row: Row | null | undefined) =>
      row == null ? "null" : row.table === TABLES ? `'${row.id}'` : row.id
    for (const row of rows) {
      const columns = ["id", ...row.refers.map((_, k) => `k${k}`)]
      const values = [literal(row), ...row.refers.map(literal)]
      if (row.table === TABLES) {
        const n = Number(row.id.slice(1))
        columns.push(`"lazySince"`, `"seenAt"`)
        const long = `now() - interval '${40 - n} days'`
        values.push(...(n < shape.dead ? [long, long] : n % 2 === 0 ? ["null", "null"] : ["now()", "now()"]))
      }
      statements.push(`insert into ${tableName(row.table)} (${columns.join(", ")}) values (${values.join(", ")})`)
    }
    for (const [table, keys] of shape.keys.entries())
      for (const [k, { to, onDelete, deferred }] of keys.entries())
        statements.push(
          `alter table ${tableName(table)} add foreign key (k${k}) references ${tableName(to)} (id) on delete ${onDelete}
            ${deferred ? "deferrable initially deferred" : ""}`,
        )
    await world.reset()
    await database.sql.unsafe(statements.join(";\n"))
    return rows
  }

  /** Every row there is, with what it refers to. */
  const contents = async () => {
    const found: string[] = []
    for (let table = 0; table <= TABLES; table++)
      for (const row of await world.run(`select * from ${tableName(table)}`)) {
        const references = Object.entries(row).filter(([name]) => /^k\d$/.test(name))
        found.push(`${label(table)} ${row.id}: ${references.map(([, value]) => value ?? "nothing").join(", ")}`)
      }
    return found.sort()
  }

  const expectedContents = (rows: Row[], gone: Set<Row>) =>
    rows
      .filter((row) => !gone.has(row))
      .map(({ table, id, refers }) => {
        const references = refers.map((row) => (row === null || gone.has(row) ? "nothing" : row.id))
        return `${label(table)} ${id}: ${references.join(", ")}`
      })
      .sort()

  it.each([false, true])(
    "takes exactly those who can go, and what goes with them (cascade: %s)",
    async (cascade) => {
      await fc.assert(
        fc.asyncProperty(worldShape, async (shape) => {
          const rows = await build(shape)
          const before = await world.everything()
          const dry = await world.store().purge({ cascade, dryRun: true })
          expect(await world.everything()).toEqual(before)
          const { gone, purged, skipped } = new Oracle(shape, rows, cascade).outcome()
          const report = await world.store().purge({ cascade })
          expect(await contents()).toEqual(expectedContents(rows, gone))
          const deleted: Record<string, number> = {}
          for (const { table } of gone) if (table !== TABLES) deleted[label(table)] = (deleted[label(table)] ?? 0) + 1
          expect(report).toMatchObject({ purged, failures: 0 })
          expect(report.deleted).toEqual(deleted)
          expect(report.skipped).toEqual(skipped)
          expect(dry).toEqual({ ...report, dryRun: true, before: expect.any(Date) })
        }),
        runs(40),
      )
    },
    60_000,
  )

  it("takes in small batches nobody else, and at least those whom the database lets go one at a time", async () => {
    await fc.assert(
      fc.asyncProperty(worldShape, fc.integer({ min: 1, max: 3 }), async (shape, batchSize) => {
        const rows = await build(shape)
        const { gone } = new Oracle(shape, rows, false).outcome()
        for (;;) {
          const { purged, failures } = await world.store().purge({ batchSize })
          expect(failures).toBe(0)
          if (purged === 0) break
        }
        const left = await world.users()
        const allowed = rows.filter((row) => row.table === TABLES && gone.has(row)).map(({ id }) => id)
        const wentAnyway = rows.filter(
          ({ table, id }) => table === TABLES && !left.includes(id) && !allowed.includes(id),
        )
        expect(wentAnyway).toEqual([])
        for (const id of left.filter((id) => Number(id.slice(1)) < shape.dead)) expect(await letsGo(id)).toBe(false)
      }),
      runs(30),
    )
  }, 60_000)

  const options = fc.record({ batchSize: fc.integer({ min: 1, max: 3 }), cascade: fc.boolean() })

  it("says in a dry run exactly what a run in small batches then does, also up to a limit", async () => {
    const limit = fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      fc.record({ limit: fc.integer({ min: 1, max: 4 }) }),
    )
    await fc.assert(
      fc.asyncProperty(worldShape, options, limit, async (shape, options, limit) => {
        await build(shape)
        const before = await world.everything()
        const dry = await world.store().purge({ ...options, ...limit, dryRun: true })
        expect(await world.everything()).toEqual(before)
        const report = await world.store().purge({ ...options, ...limit })
        expect(dry).toEqual({ ...report, dryRun: true, before: expect.any(Date) })
      }),
      runs(40),
    )
  }, 60_000)

  it("does so by reading alone where no row can hang on two users", async () => {
    const reading = postgres(database.url, { max: 1, connection: { default_transaction_read_only: true } as never })
    await fc.assert(
      fc.asyncProperty(worldShape.map(treeOf), options, async (shape, options) => {
        await build(shape)
        const dry = await LazyAdapter(drizzle(reading)).lazy.purge({ ...options, dryRun: true })
        const report = await world.store().purge(options)
        expect(dry).toEqual({ ...report, dryRun: true, before: expect.any(Date) })
      }),
      runs(30),
    )
    await reading.end()
  }, 60_000)

  /** Whether PostgreSQL deletes the user, and no other with it. */
  const letsGo = async (id: string): Promise<boolean> => {
    const undo = new Error("undo")
    let others: number | undefined
    await database.sql
      .begin(async (tx) => {
        const before = await tx`select from "user"`
        await tx`delete from "user" where id = ${id}`
        await tx`set constraints all immediate`
        others = before.length - 1 - (await tx`select from "user"`).length
        throw undo
      })
      .catch((error) => {
        if (error !== undo && error.code !== "23503" && error.code !== "23001") throw error
      })
    return others === 0
  }
})
