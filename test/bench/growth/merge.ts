import { drizzle } from "drizzle-orm/postgres-js"
import type postgres from "postgres"
import { LazyAdapter } from "../authjs-lazy.js"
import { type BenchDatabase, createDatabase } from "../database/databases.js"
import { median } from "../http/medians.js"
import type { Bench } from "../section.js"
import { connect } from "../servers/connect.js"
import type { Plan } from "../settings.js"
import { withoutTriggers } from "./fill.js"
import { createNotes } from "./notes.js"
import { timed } from "./timing.js"

const TABLES = ["note", "task"]
const WAYS = ["bare", "merge"] as const

/**
 * Measures the time and the statements that a merge of a lazy user with many rows takes, by `merge`
 * and by bare UPDATEs and a DELETE.
 */
export type MergeGrowth = {
  rows: number
  milliseconds: { merge: number; bare: number }
  statements: { merge: number; bare: number }
}[]

/** Sets up what an app has once, and returns what it does for each merge. */
type Way = (sql: postgres.Sql) => (from: string, into: string) => Promise<unknown>

const ways: Record<(typeof WAYS)[number], Way> = {
  merge: (sql) => LazyAdapter(drizzle(sql)).lazy.merge,
  bare: (sql) => (from, into) =>
    sql.begin(async (tx) => {
      for (const table of TABLES) await tx`update ${tx(table)} set "userId" = ${into} where "userId" = ${from}`
      await tx`delete from "user" where "id" = ${from}`
    }),
}

/** Merges lazy users whose rows are in two tables of the app. */
export async function measureMerge(bench: Bench, plan: Plan["growth"]["merge"]): Promise<MergeGrowth> {
  const results: MergeGrowth = []
  for (const { rows, times } of plan) {
    const figures = {
      bare: { milliseconds: [] as number[], statements: 0 },
      merge: { milliseconds: [] as number[], statements: 0 },
    }
    // One more than is counted: the first of each fills caches.
    for (let time = 0; time <= times; time++)
      for (const way of WAYS) {
        const { milliseconds, statements } = await mergeOnce(bench, rows, ways[way])
        if (time > 0) figures[way].milliseconds.push(milliseconds)
        figures[way].statements = statements
      }
    const { bare, merge } = figures
    const milliseconds = { merge: median(merge.milliseconds), bare: median(bare.milliseconds) }
    bench.log(`merge of ${rows} rows: ${milliseconds.merge.toFixed(1)} ms, bare ${milliseconds.bare.toFixed(1)} ms`)
    results.push({ rows, milliseconds, statements: { merge: merge.statements, bare: bare.statements } })
  }
  return results
}

async function mergeOnce({ postgres: server }: Bench, rows: number, way: Way) {
  const database = await createDatabase(server, "merge", "Auth.js")
  const sql = connect(database.url)
  try {
    await writeUsersAndRows(database, rows)
    const merge = way(sql)
    // Merge nothing first, so that the connection and the driver's first statements are not
    // measured.
    await merge("lazy without rows", "real")
    const before = await database.statements()
    const { milliseconds } = await timed(() => merge("lazy", "real"))
    const statements = (await database.statements()) - before
    await checkRows(database, rows)
    return { milliseconds, statements }
  } finally {
    await sql.end()
    await database.close()
  }
}

async function writeUsersAndRows({ admin }: BenchDatabase, rows: number): Promise<void> {
  await createNotes(admin, TABLES)
  await admin`insert into "user" ("id", "username") values ('real', 'real')`
  await admin`
    insert into "user" ("id", "username", "lazySince", "seenAt")
    values ('lazy', 'lazy', now(), now()), ('lazy without rows', 'lazy-without-rows', now(), now())`
  await withoutTriggers(admin, async (sql) => {
    for (const table of TABLES)
      await sql`insert into ${sql(table)} ("userId", "body") select 'lazy', 'A row.' from generate_series(1, ${rows / TABLES.length})`
  })
  for (const table of [`"user"`, ...TABLES]) await admin.unsafe(`vacuum (analyze) ${table}`)
  await admin`checkpoint`
}

async function checkRows({ admin }: BenchDatabase, rows: number): Promise<void> {
  const [left] = await admin<{ users: string[]; rows: string }[]>`
    select
      (select array_agg("id") from "user") as users,
      (select count(*) from note where "userId" = 'real') + (select count(*) from task where "userId" = 'real') as rows`
  if (left?.users.join() !== "real" || Number(left.rows) !== rows)
    throw new Error(`A merge of ${rows} rows left ${JSON.stringify(left)}.`)
}
