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

const DAY = 24 * 60 * 60
const OLDER_THAN = 60 * DAY
/** Users whom a purge must leave alone. */
const STAYING = 1_000
/** Users of a purge that is not counted: the first compiles what all others run. */
const WARM_UP = 20_000

const WAYS = ["bare", "purge", "four"] as const

/**
 * Measures deleting many lazy users by `purge`, by four purges at once, and by a bare batched
 * DELETE.
 */
export type PurgeGrowth = { users: number; milliseconds: Record<(typeof WAYS)[number], number> }[]

/** Purges lazy users who have three child rows each: a session that is over, and two notes. */
export async function measurePurge(bench: Bench, { sizes, batchSize }: Plan["growth"]["purge"]): Promise<PurgeGrowth> {
  const purge = async (sql: postgres.Sql) => {
    const report = await LazyAdapter(drizzle(sql)).lazy.purge({ olderThan: OLDER_THAN, batchSize })
    return report.purged
  }
  const ways = {
    bare: (sql: postgres.Sql) => deleteInBatches(sql, batchSize),
    purge,
    four: async (sql: postgres.Sql) => {
      const purged = await Promise.all([1, 2, 3, 4].map(() => purge(sql)))
      return purged.reduce((sum, users) => sum + users)
    },
  }
  for (const way of WAYS) await inDatabase(bench, WARM_UP, ways[way])

  const results: PurgeGrowth = []
  for (const { users, times } of sizes) {
    const took: Record<(typeof WAYS)[number], number[]> = { bare: [], purge: [], four: [] }
    for (let time = 0; time < times; time++)
      for (const way of WAYS) took[way].push(await inDatabase(bench, users, ways[way]))
    const milliseconds = { bare: median(took.bare), purge: median(took.purge), four: median(took.four) }
    const seconds = WAYS.map((way) => `${way} ${(milliseconds[way] / 1000).toFixed(1)} s`)
    bench.log(`purge of ${users}: ${seconds.join(", ")}`)
    results.push({ users, milliseconds })
  }
  return results
}

/** The same rows anew for each way of deleting them. */
async function inDatabase(
  { postgres: server }: Bench,
  users: number,
  remove: (sql: postgres.Sql) => Promise<number>,
): Promise<number> {
  const database = await createDatabase(server, "purge", "Auth.js")
  try {
    await writeUsers(database, users)
    const sql = connect(database.url)
    // So that connecting is not part of what is measured.
    const connections = await Promise.all([1, 2, 3, 4].map(() => sql.reserve()))
    for (const connection of connections) connection.release()
    const { milliseconds, result } = await timed(() => remove(sql))
    await sql.end()
    await checkWhatIsLeft(database, users, result)
    return milliseconds
  } finally {
    await database.close()
  }
}

async function writeUsers({ admin }: BenchDatabase, users: number): Promise<void> {
  await createNotes(admin, ["note"])
  await withoutTriggers(admin, async (sql) => {
    await sql`
      insert into "user" ("id", "username", "lazySince", "seenAt")
      select uuidv7(interval '-90 days')::text, 'lazy-' || md5(n::text), "at", "at"
      from generate_series(1, ${users}) as n, lateral (select now() - interval '90 days' - n * interval '1 second') as seen("at")`
    await sql`
      insert into "session" ("sessionToken", "userId", "expires")
      select gen_random_uuid()::text, "id", now() - interval '60 days' from "user"`
    await sql`insert into note ("userId", "body") select "id", 'A note.' from "user", generate_series(1, 2)`
    await sql`
      insert into "user" ("id", "username", "lazySince", "seenAt")
      select uuidv7()::text, 'staying-' || n, now(), now() from generate_series(1, ${STAYING}) as n`
  })
  for (const table of [`"user"`, `"session"`, "note"]) await admin.unsafe(`vacuum (analyze) ${table}`)
  await admin`checkpoint`
}

async function deleteInBatches(sql: postgres.Sql, batchSize: number): Promise<number> {
  for (let deleted = 0; ; ) {
    const { count } = await sql`
      delete from "user" where "id" in (
        select "id" from "user"
        where "lazySince" is not null and "convertedAt" is null and "seenAt" < now() - ${OLDER_THAN} * interval '1 second'
        order by "seenAt" limit ${batchSize}
      )`
    if (count === 0) return deleted
    deleted += count
  }
}

async function checkWhatIsLeft({ admin }: BenchDatabase, users: number, removed: number): Promise<void> {
  const [left] = await admin<{ users: string; sessions: string; notes: string }[]>`
    select (select count(*) from "user") as users, (select count(*) from "session") as sessions, (select count(*) from note) as notes`
  const right = removed === users && Number(left?.users) === STAYING && left?.sessions === "0" && left?.notes === "0"
  if (!right)
    throw new Error(`Of ${users} users ${removed} were reported as removed; left are ${JSON.stringify(left)}.`)
}
