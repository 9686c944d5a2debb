import type { LazyAdapter } from "../authjs-lazy.js"
import type { BenchDatabase } from "../database/databases.js"

/** What one first visit costs beside CPU time. */
export interface FirstVisitCost {
  /** Bytes of WAL, with database sessions, without and with images of whole pages. */
  walBytes: { records: number; withImages: number }
  /** Bytes of WAL with JWT sessions, without images of whole pages. */
  walBytesJwt: number
  /** Bytes of WAL when a lazy user goes with its session by a purge, with images of whole pages. */
  walBytesPurge: number
  /** Bytes on disk, with indexes: of a user, and of a session. */
  diskBytes: { user: number; session: number }
}

const VISITS = 2_000
const DAY = 24 * 60 * 60

/** Measures what first visits write, from a checkpoint on. */
export async function measureFirstVisits(
  { admin }: BenchDatabase,
  { lazy }: ReturnType<typeof LazyAdapter>,
): Promise<FirstVisitCost> {
  const written = async (visit: () => Promise<unknown>, times = VISITS) => {
    await admin`checkpoint`
    const before = await wal(admin)
    for (let visits = 0; visits < times; visits++) await visit()
    const after = await wal(admin)
    const withImages = (after.bytes - before.bytes) / VISITS
    return { withImages, records: withImages - (after.images - before.images) / VISITS }
  }
  const expires = new Date(Date.now() + 30 * 86_400_000)
  const walBytes = await written(() => lazy.createLazyUser({ session: { sessionToken: crypto.randomUUID(), expires } }))
  const jwt = await written(() => lazy.createLazyUser())
  const purged = await written(() => lazy.purge({ olderThan: 60 * DAY, sessionMaxAge: 30 * DAY, limit: VISITS }), 1)
  const [sizes] = await admin<{ user: string; session: string }[]>`
    select pg_total_relation_size('"user"') / (select count(*) from "user") as user,
      pg_total_relation_size('session') / (select count(*) from session) as session`
  return {
    walBytes: { records: Math.round(walBytes.records), withImages: Math.round(walBytes.withImages) },
    walBytesJwt: Math.round(jwt.records),
    walBytesPurge: Math.round(purged.withImages / VISITS),
    diskBytes: { user: Number(sizes?.user), session: Number(sizes?.session) },
  }
}

/** Reads how much the server has written to its WAL, and how much of that are whole pages. */
async function wal(admin: BenchDatabase["admin"]): Promise<{ bytes: number; images: number }> {
  await admin`select pg_stat_force_next_flush()`
  const [row] = await admin<{ bytes: string; images: string }[]>`
    select wal_bytes::text as bytes, (wal_fpi * 8192)::text as images from pg_stat_wal`
  return { bytes: Number(row?.bytes), images: Number(row?.images) }
}
