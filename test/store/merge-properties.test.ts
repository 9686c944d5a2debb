import { sql } from "drizzle-orm"
import { pgTable, text } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Database, LazyAdapter } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runs } from "../setup/runs.js"
import { serverKnows } from "../setup/server-version.js"
import { MergeWorld } from "./merge-world.js"

/**
 * Makes a random table: `id`, user columns u0…, numbers d0 and d1, and a column generated from u0
 * and d0.
 */
interface TableShape {
  users: { notNull: boolean; reference: string }[]
  rules: RuleShape[]
  check: boolean
  partitioned: boolean
  rows: RowShape[]
}

interface RuleShape {
  columns: string[]
  expression: string | undefined
  predicate: string | undefined
  nullsNotDistinct: boolean
  deferrable: string
}

interface RowShape {
  users: (string | null)[]
  numbers: (number | null)[]
}

const PEOPLE = ["from", "into", "other"]
const DECLARED = "declared"

const EXPRESSIONS = [
  "lower(u0)",
  "coalesce(u0, 'none')",
  "(case u0 when 'into' then 'from' when 'from' then 'into' else u0 end)",
  "(case when u0 = 'into' then d0 else -1 end)",
  "least(u0, u1)",
  "(u0 || d0::text)",
  "(d0 + d1)",
]
const PREDICATES = ["d0 = 1", "u0 is not null", "u0 = 'into'", "u0 <> 'into'", "d1 is null", "u0 is distinct from u1"]

const number = fc.option(fc.integer({ min: 0, max: 2 }), { freq: 4 })

const ruleShape = (columns: string[]): fc.Arbitrary<RuleShape> =>
  fc.record({
    columns: fc.subarray([...columns, "d0", "d1", "g"], { minLength: 1, maxLength: 3 }),
    expression: fc.option(fc.constantFrom(...EXPRESSIONS), { nil: undefined, freq: 2 }),
    predicate: fc.option(fc.constantFrom(...PREDICATES), { nil: undefined, freq: 2 }),
    nullsNotDistinct: fc.boolean(),
    deferrable: fc.constantFrom("", "", "deferrable", "deferrable initially deferred"),
  })

const tableShape: fc.Arbitrary<TableShape> = fc.integer({ min: 1, max: 3 }).chain((width) => {
  const columns = Array.from({ length: width }, (_, n) => `u${n}`)
  return fc.record({
    users: fc.tuple(
      ...columns.map(() =>
        fc.record({
          notNull: fc.boolean(),
          reference: fc.constantFrom("no action", "restrict", "cascade", "set null", DECLARED),
        }),
      ),
    ),
    rules: fc.array(ruleShape(columns), { maxLength: 3 }),
    check: fc.boolean(),
    partitioned: fc.boolean(),
    rows: fc.array(
      fc.record({
        users: fc.tuple(...columns.map(() => fc.option(fc.constantFrom("from", ...PEOPLE), { freq: 6 }))),
        numbers: fc.tuple(number, number),
      }),
      { maxLength: 14 },
    ),
  })
})

/** Tables that hang on the user by way of each other, to go with the random ones. */
const linkedRows = fc.record({
  profiles: fc.subarray(PEOPLE),
  settings: fc.array(fc.tuple(fc.constantFrom(...PEOPLE), number), { maxLength: 6 }),
})

const world = fc.record({ tables: fc.array(tableShape, { minLength: 1, maxLength: 3 }), linked: linkedRows })
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never

function createTable(name: string, { users, rules, check, partitioned }: TableShape): string {
  const width = users.length
  const usable = (part: string | undefined) => width > 1 || !part?.includes("u1")
  const columns = [
    "id int not null",
    ...users.map(({ notNull, reference }, n) => {
      const key = reference === DECLARED ? "" : ` references "user" on delete ${reference}`
      return `u${n} ${n === 1 ? "varchar(64)" : "text"}${notNull ? " not null" : ""}${key}`
    }),
    "d0 int",
    "d1 int",
    "g text generated always as (u0 || '-' || d0::text) stored",
  ]
  if (check && width > 1) columns.push("check (u0 <> u1)")
  const byUser = partitioned && rules.every((rule) => !rule.expression && rule.columns.includes("u0"))
  const indexes: string[] = []
  for (const { columns: keys, expression, predicate, nullsNotDistinct, deferrable } of rules) {
    const nulls = nullsNotDistinct && serverKnows(15) ? "nulls not distinct" : ""
    const [used, where] = [usable(expression) && expression, usable(predicate) && predicate]
    if (used || where)
      indexes.push(
        `create unique index on ${name} (${[...keys, ...(used ? [used] : [])].join(", ")}) ${nulls} ${where ? `where ${where}` : ""}`,
      )
    else columns.push(`unique ${nulls} (${keys.join(", ")}) ${deferrable}`)
  }
  const partitions = [0, 1, 2].map(
    (n) => `create table ${name}_${n} partition of ${name} for values with (modulus 3, remainder ${n})`,
  )
  return [
    `create table ${name} (${columns.join(", ")}) ${byUser ? "partition by hash (u0)" : ""}`,
    ...(byUser ? partitions : []),
    ...indexes,
  ].join(";\n")
}

const literal = (value: string | number | null) => (typeof value === "string" ? `'${value}'` : `${value}`)

type Row = Record<string, unknown> & { id: number }

describe("merging, whatever the schema and the rows", () => {
  let database: PostgresDatabase
  let db: MergeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    db = new MergeWorld(database)
  })
  afterAll(() => database.close())

  /** Creates the tables and as many rows as their rules allow. Returns the columns to declare. */
  const build = async ({ tables, linked }: World) => {
    await db.reset()
    await db.lazyUser("from")
    await db.realUser("into")
    await db.realUser("other")
    await db.run(`create table profile (id int, u0 text primary key references "user" on delete cascade);
      create table setting (id int, u0 text references profile on delete cascade, d0 int, unique ${serverKnows(15) ? "nulls not distinct" : ""} (u0, d0))`)
    const inserts: string[] = []
    for (const [n, shape] of tables.entries()) {
      await db.run(createTable(`t${n}`, shape))
      const names = ["id", ...shape.users.map((_, n) => `u${n}`), "d0", "d1"].join(", ")
      for (const [id, { users, numbers }] of shape.rows.entries())
        inserts.push(`insert into t${n} (${names}) values (${[id, ...users, ...numbers].map(literal).join(", ")})`)
    }
    for (const [id, owner] of linked.profiles.entries()) inserts.push(`insert into profile values (${id}, '${owner}')`)
    for (const [id, [owner, d0]] of linked.settings.entries())
      inserts.push(`insert into setting values (${id}, '${owner}', ${d0})`)
    for (const insert of inserts) await database.query(insert).catch(() => {})
    return tables.flatMap((shape, t) =>
      shape.users.flatMap(({ reference }, u) =>
        reference === DECLARED ? [pgTable(`t${t}`, { column: text(`u${u}`) }).column] : [],
      ),
    )
  }

  const names = ({ tables }: World) => [...tables.map((_, n) => `t${n}`), "profile", "setting"]

  const contents = async (names: string[]) => {
    const tables: Record<string, Row[]> = {}
    for (const name of names) tables[name] = (await db.run(`select * from ${name} order by id`)) as Row[]
    return tables
  }

  const users = (row: Row) => Object.entries(row).filter(([name]) => /^u\d$/.test(name))
  const refers = (row: Row) => users(row).some(([, value]) => value === "from")
  const moved = (row: Row) =>
    Object.fromEntries(users(row).map(([name, value]) => [name, value === "from" ? "into" : value]))
  const withoutGenerated = ({ g: _, ...row }: Row) => row

  /** Tells whether the rules let this one row of the lazy user move while the others stay. */
  const couldMove = async (tx: Database, table: string, row: Row) => {
    const set = Object.entries(moved(row)).map(([name, value]) => `${name} = ${literal(value as string | null)}`)
    try {
      await tx.transaction(async (attempt) => {
        await attempt.execute(sql.raw(`update ${table} set ${set.join(", ")} where id = ${row.id}`))
        throw new Error("it could")
      })
    } catch (error) {
      return (error as Error).message === "it could"
    }
    return false
  }

  it("moves every row that can move, reports the others, and touches nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (shape) => {
        const references = await build(shape)
        const before = await contents(names(shape))
        const movable: string[] = []
        const conflicts: Record<string, Row[]> = {}
        const report = await db.store({ references }).merge("from", "into", {
          async onMerge(params) {
            for (const [table, pairs] of Object.entries(params.conflicts)) {
              conflicts[table] = pairs.map(({ row }) => row as Row)
              for (const { by } of pairs) if (by) expect(users(by as Row).map(([, id]) => id)).toContain("into")
            }
            await params.tx.execute(sql`set constraints all immediate`)
            for (const [table, rows] of Object.entries(conflicts))
              for (const row of rows)
                if (await couldMove(params.tx, table, row)) movable.push(`${table} ${JSON.stringify(row)}`)
          },
        })
        expect(movable).toEqual([])
        const after = await contents(names(shape))
        for (const [name, rows] of Object.entries(before)) {
          const handed = new Map((conflicts[name] ?? []).map((row) => [row.id, row]))
          const expected = rows
            .filter(({ id }) => !handed.has(id))
            .map((row) => (refers(row) ? { ...withoutGenerated(row), ...moved(row) } : withoutGenerated(row)))
          expect(after[name]?.map(withoutGenerated)).toEqual(expected)
          for (const row of handed.values()) expect(rows).toContainEqual(row)
          expect([...handed.values()].filter((row) => !refers(row))).toEqual([])
          expect((report.moved[name] ?? 0) + handed.size).toBe(rows.filter(refers).length)
          expect(report.conflicts[name] ?? 0).toBe(handed.size)
        }
        expect(await db.run(`select id from "user" order by id`)).toEqual([{ id: "into" }, { id: "other" }])
      }),
      runs(25),
    )
  }, 120_000)

  it("changes nothing when it fails, after whichever statement", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (shape) => {
        const references = await build(shape)
        await db.run(`insert into session values ('lazy', 'from', now()), ('real', 'into', now());
          insert into password values ('into', 'hash')`)
        const before = await db.everything()
        let [count, failAt] = [0, 0]
        const failing = drizzle(database.sql, {
          logger: {
            logQuery() {
              if (++count === failAt) throw new Error("injected")
            },
          },
        })
        const merge = () =>
          internals(LazyAdapter(failing, { references }).lazy).merge("from", "into", {
            provesEmail: true,
            session: { sessionToken: "new", expires: new Date() },
            link: { userId: "into", type: "oauth", provider: "p", providerAccountId: "1" },
            onMerge: async ({ tx }) => void (await tx.execute(sql`delete from setting`)),
          })
        for (;;) {
          ;[count, failAt] = [0, failAt + 1]
          const outcome = await merge().then(
            () => "merged",
            (error: Error) => error.message,
          )
          if (outcome === "merged") break
          expect(outcome).toBe("injected")
          expect(await db.everything()).toEqual(before)
        }
        expect(failAt).toBeGreaterThan(12)
        expect(await db.count(`"user" where id = 'from'`)).toBe(0)
      }),
      runs(3),
    )
  }, 120_000)
})
