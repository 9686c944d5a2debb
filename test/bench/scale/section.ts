import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { internals, LazyAdapter } from "../authjs-lazy.js"
import { type BenchDatabase, createDatabase } from "../database/databases.js"
import { timed } from "../growth/timing.js"
import { median } from "../http/medians.js"
import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { fillWithAllKinds, idOf } from "./fill.js"
import { type FirstVisitCost, measureFirstVisits, purgeExactly, VISITS } from "./first-visit.js"
import { grownScans } from "./plans.js"

/** What each work takes, by how many users there are. */
export type ScaleResults = {
  users: number
  /** How long it took to write the users. */
  fillSeconds: number
  /** Medians. */
  milliseconds: Record<string, number>
  /** The tables that a statement reads as a whole, with the work that does so. */
  scans: string[]
  firstVisit: FirstVisitCost
}[]

/** Measures what visits, sign-ins, conversions, merges and purges take among few and many users. */
export async function measureScale(bench: Bench, plan: Plan["scale"]): Promise<ScaleResults> {
  const results: ScaleResults = []
  // Two purges come before those that are measured.
  const dead = (2 + plan.batches) * BATCH + VISITS
  for (const users of plan.users) {
    const database = await createDatabase(bench.postgres, `scale_${users}`, "Auth.js")
    try {
      const { milliseconds: filling } = await timed(() => fillWithAllKinds(database.admin, { users, dead }, bench.log))
      results.push({
        users,
        fillSeconds: Math.round(filling / 1000),
        ...(await measureAmong(bench, database, users, plan)),
      })
    } finally {
      await database.close()
    }
  }
  return results
}

type Adapter = ReturnType<typeof LazyAdapter>

/** Users that one purge deletes. */
const BATCH = 500
const day = 24 * 60 * 60
const verify = async () => ({ ok: true })
const by = { provider: "convert", type: "credentials" }
const expires = () => new Date(Date.now() + 30 * day * 1000)

/** Each work, on users of its own; `n` grows by ten with each time. */
const WORKS: Record<string, (adapter: Adapter, n: number) => Promise<unknown>> = {
  "first visit": ({ lazy }) =>
    lazy.createLazyUser({ session: { sessionToken: crypto.randomUUID(), expires: expires() } }),
  "session read": async (adapter, n) => adapter.getSessionAndUser(`token-${n + 1}`),
  "session extended": ({ lazy }, n) =>
    internals(lazy).touch({ session: { sessionToken: `token-${n + 2}`, expires: expires() } }, day / 2),
  "sign-in by username": ({ lazy }, n) => internals(lazy).checkPassword({ username: `name-${n}` }, verify),
  "sign-in by e-mail": ({ lazy }, n) => internals(lazy).checkPassword({ email: `user-${n}@example.com` }, verify),
  conversion: ({ lazy }, n) =>
    internals(lazy).convert({ userId: idOf(n + 3), set: { username: `new-${n}` }, passwordHash: "$argon2id$", by }),
  merge: ({ lazy }, n) => lazy.merge(idOf(n + 4), idOf(n)),
  deletion: ({ lazy }, n) => lazy.deleteLazyUser(idOf(n + 5)),
}

async function measureAmong({ log }: Bench, database: BenchDatabase, users: number, { times, batches }: Plan["scale"]) {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} })
  const statements: { text: string; values: unknown[] }[] = []
  const logger = { logQuery: (text: string, values: unknown[]) => void statements.push({ text, values }) }
  const adapter = LazyAdapter(drizzle(sql))
  const watched = LazyAdapter(drizzle(sql, { logger }))
  const milliseconds: Record<string, number> = {}
  const scans: string[] = []
  const places = Array.from(
    { length: times + 2 },
    (_, time) => 10 * (1 + Math.floor((time * (users / 10 - 2)) / (times + 2))),
  )
  const explain = async (work: string) => {
    for (const table of await grownScans(database.admin, statements)) scans.push(`${work}: ${table}`)
    statements.length = 0
  }
  try {
    for (const [work, run] of Object.entries(WORKS)) {
      const [cold = 0, seen = 0, ...counted] = places
      await run(adapter, cold)
      await run(watched, seen)
      await explain(work)
      const took: number[] = []
      for (const place of counted) took.push((await timed(() => run(adapter, place))).milliseconds)
      milliseconds[work] = median(took)
    }
    const purge = (lazy: Adapter["lazy"]) => purgeExactly(lazy, { limit: BATCH, batchSize: BATCH })
    await purge(adapter.lazy)
    await purge(watched.lazy)
    await explain("purge")
    const took: number[] = []
    for (let batch = 0; batch < batches; batch++) took.push((await timed(() => purge(adapter.lazy))).milliseconds)
    milliseconds["purge of 500"] = median(took)
    for (const exact of [false, true]) {
      await adapter.lazy.stats({ exact })
      const took: number[] = []
      for (let time = 0; time < 3; time++) took.push((await timed(() => adapter.lazy.stats({ exact }))).milliseconds)
      milliseconds[exact ? "exact statistics" : "statistics"] = median(took)
    }
    for (const [work, time] of Object.entries(milliseconds))
      log(`scale, ${users} users, ${work}: ${time.toFixed(2)} ms`)
    return { milliseconds, scans: [...new Set(scans)], firstVisit: await measureFirstVisits(database, adapter) }
  } finally {
    await sql.end()
  }
}
