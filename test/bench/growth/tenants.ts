import { drizzle } from "drizzle-orm/postgres-js"
import type postgres from "postgres"
import { LazyAdapter } from "../authjs-lazy.js"
import { type BenchDatabase, createDatabase } from "../database/databases.js"
import { median } from "../http/medians.js"
import type { Bench } from "../section.js"
import { connect } from "../servers/connect.js"
import type { Plan } from "../settings.js"
import { createNotes } from "./notes.js"
import { timed } from "./timing.js"

const TABLES = ["user", "account", "session", "authenticator", "password", "lazyOutcome"]
const REFERRING = ["account", "session", "authenticator", "password"]
const CHILDREN = ["note", "task"]
/** Rows of the lazy user in each child. */
const ROWS = 5
const DAY = 24 * 60 * 60

/** What a database holds: schemas of tenants, each with all tables, and partitions of one child. */
interface Shape {
  tenants: number
  partitions: number
}

/**
 * Measures a merge and a purge of one tenant, by how many other tenants and partitions there are.
 * `scanned` is how many rows of the catalogue a merge reads by sequential scans.
 */
export type TenantGrowth = (Shape & { milliseconds: { merge: number; purge: number }; scanned: number })[]

/** Merges and purges in one of many schemas, and next to a child with many partitions. */
export async function measureTenants(bench: Bench, plan: Plan["growth"]["tenants"]): Promise<TenantGrowth> {
  const results: TenantGrowth = []
  for (const shape of plan.shapes) {
    const database = await createDatabase(bench.postgres, "tenants", "Auth.js")
    const sql = connect(database.url, { search_path: "tenant_1" })
    try {
      await createTenants(database.admin, shape)
      const result = { ...shape, ...(await measureOne(database, sql, plan)) }
      const { merge, purge } = result.milliseconds
      bench.log(
        `${shape.tenants} tenants, ${shape.partitions} partitions: merge ${merge.toFixed(1)} ms, purge ${purge.toFixed(0)} ms, ${result.scanned} rows scanned`,
      )
      results.push(result)
    } finally {
      await sql.end()
      await database.close()
    }
  }
  return results
}

async function measureOne(
  { admin }: BenchDatabase,
  sql: postgres.Sql,
  { times, users }: Plan["growth"]["tenants"],
): Promise<Pick<TenantGrowth[number], "milliseconds" | "scanned">> {
  const { lazy } = LazyAdapter(drizzle(sql))
  const took: number[] = []
  const scans: number[] = []
  // One more than is counted: the first fills caches.
  for (let time = 0; time <= times; time++) {
    await writePair(admin, time)
    const before = await scanned(admin, sql)
    const { milliseconds, result } = await timed(() => lazy.merge(`lazy ${time}`, `real ${time}`))
    if (CHILDREN.some((name) => result.moved[`tenant_1.${name}`] !== ROWS))
      throw new Error(`A merge of a tenant moved ${JSON.stringify(result.moved)}.`)
    if (time === 0) continue
    took.push(milliseconds)
    scans.push((await scanned(admin, sql)) - before)
  }
  await writeOldUsers(admin, users)
  const { milliseconds: purge, result } = await timed(() => lazy.purge({ olderThan: 60 * DAY }))
  if (result.purged !== users) throw new Error(`A purge of ${users} users of a tenant removed ${result.purged}.`)
  return { milliseconds: { merge: median(took), purge }, scanned: Math.min(...scans) }
}

/** Reads how many rows of the catalogue sequential scans have read so far. */
async function scanned(admin: postgres.Sql, sql: postgres.Sql): Promise<number> {
  // The server counts what a connection did only after a while, unless it is told to.
  await sql`select pg_stat_force_next_flush()`
  const [row] = await admin<{ rows: string }[]>`
    select sum(seq_tup_read) as rows from pg_stat_sys_tables where schemaname = 'pg_catalog'`
  return Number(row?.rows)
}

async function createTenants(admin: postgres.Sql, { tenants, partitions }: Shape): Promise<void> {
  for (let tenant = 1; tenant <= tenants; tenant++) {
    const schema = `tenant_${tenant}`
    const copies = TABLES.map((name) => `create table ${schema}."${name}" (like public."${name}" including all);`)
    const keys = REFERRING.map(
      (name) =>
        `alter table ${schema}."${name}" add foreign key ("userId") references ${schema}."user" on delete cascade;`,
    )
    await admin.unsafe(`create schema ${schema}; ${copies.join("\n")} ${keys.join("\n")}`)
    await admin.unsafe(`set search_path = ${schema}`)
    await createNotes(admin, CHILDREN)
    await admin.unsafe(`
      reset search_path;
      grant usage on schema ${schema} to app; grant all on all tables in schema ${schema} to app`)
  }
  if (partitions > 0) await createPartitions(admin, partitions)
  await admin.unsafe("vacuum (analyze)")
}

/** Replaces a child of the first tenant by one with partitions. */
async function createPartitions(admin: postgres.Sql, partitions: number): Promise<void> {
  const parts = Array.from(
    { length: partitions },
    (_, n) =>
      `create table tenant_1.task_${n} partition of tenant_1.task for values with (modulus ${partitions}, remainder ${n});`,
  )
  await admin.unsafe(`
    drop table tenant_1.task;
    create table tenant_1.task (
      "id" bigint generated always as identity,
      "userId" text not null references tenant_1."user" ("id") on delete cascade,
      "body" text not null,
      primary key ("userId", "id")
    ) partition by hash ("userId");
    ${parts.join("\n")}
    grant all on all tables in schema tenant_1 to app`)
}

async function writePair(admin: postgres.Sql, time: number): Promise<void> {
  await admin.unsafe(`
    insert into tenant_1."user" ("id", "username") values ('real ${time}', 'real-${time}');
    insert into tenant_1."user" ("id", "username", "lazySince", "seenAt") values ('lazy ${time}', 'lazy-${time}', now(), now())`)
  for (const name of CHILDREN)
    await admin.unsafe(
      `insert into tenant_1.${name} ("userId", "body") select 'lazy ${time}', 'A row.' from generate_series(1, ${ROWS})`,
    )
}

async function writeOldUsers(admin: postgres.Sql, users: number): Promise<void> {
  await admin.unsafe(`
    insert into tenant_1."user" ("id", "username", "lazySince", "seenAt")
    select 'old ' || n, 'old-' || n, now() - interval '90 days', now() - interval '90 days' from generate_series(1, ${users}) as n`)
  for (const name of CHILDREN)
    await admin.unsafe(
      `insert into tenant_1.${name} ("userId", "body") select 'old ' || n, 'A row.' from generate_series(1, ${users}) as n`,
    )
  await admin.unsafe(`vacuum (analyze) tenant_1."user", tenant_1.note, tenant_1.task`)
}
