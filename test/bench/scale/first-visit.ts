import type { LazyAdapter } from "../authjs-lazy.js"
import type { BenchDatabase } from "../database/databases.js"

/** What one first visit costs beside CPU time. */
export interface FirstVisitCost {
  /** Bytes of WAL right after a checkpoint, when images of whole pages are most. */
  walBytes: { database: number; jwt: number; purged: number }
  /** Bytes on disk, with indexes: of a user, and of a session. */
  diskBytes: { user: number; session: number }
}

/** Visits, and users that are purged. */
export const VISITS = 2_000
const DAY = 24 * 60 * 60

/** Purges so many users, and throws an error where there were fewer. */
export async function purgeExactly(
  lazy: ReturnType<typeof LazyAdapter>["lazy"],
  how: { limit: number; batchSize?: number },
): Promise<void> {
  const { purged } = await lazy.purge({ olderThan: 60 * DAY, sessionMaxAge: 30 * DAY, ...how })
  if (purged !== how.limit) throw new Error(`The purge took ${purged} users instead of ${how.limit}.`)
}

/** Measures what first visits and purges write, each from a checkpoint on. */
export async function measureFirstVisits(
  { admin }: BenchDatabase,
  { lazy }: ReturnType<typeof LazyAdapter>,
): Promise<FirstVisitCost> {
  const written = async (work: () => Promise<unknown>) => {
    await admin`checkpoint`
    const [before] = await admin<{ lsn: string }[]>`select pg_current_wal_insert_lsn()::text as lsn`
    await work()
    const [row] = await admin<{ bytes: string }[]>`
      select pg_current_wal_insert_lsn() - ${before?.lsn ?? ""}::pg_lsn as bytes`
    return Math.round(Number(row?.bytes) / VISITS)
  }
  const visits = (visit: () => Promise<unknown>) => async () => {
    for (let visits = 0; visits < VISITS; visits++) await visit()
  }
  const expires = new Date(Date.now() + 30 * DAY * 1000)
  const session = () => ({ sessionToken: crypto.randomUUID(), expires })
  const walBytes = {
    database: await written(visits(() => lazy.createLazyUser({ session: session() }))),
    jwt: await written(visits(() => lazy.createLazyUser())),
    purged: await written(() => purgeExactly(lazy, { limit: VISITS })),
  }
  const [sizes] = await admin<{ user: string; session: string }[]>`
    select pg_total_relation_size('"user"') / (select count(*) from "user") as user,
      pg_total_relation_size('session') / (select count(*) from session) as session`
  return { walBytes, diskBytes: { user: Number(sizes?.user), session: Number(sizes?.session) } }
}
