import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"
import { queryDocument } from "../../store/sql/query.js"
import type { Finding } from "../finding.js"

const TOLERATED_MS = 5_000

/**
 * How far this machine's clock and the server's are apart, in milliseconds, at least: the answer's way back is taken to be half of the time
 * that the query took. Positive where the server is ahead.
 */
export async function readClockSkew(tx: Database): Promise<number> {
  const asked = Date.now()
  const server = await queryDocument<number>(
    tx,
    sql`select (extract(epoch from clock_timestamp()) * 1000)::text as document`,
  )
  const halfTrip = (Date.now() - asked) / 2
  const skew = server - (asked + halfTrip)
  return Math.sign(skew) * Math.max(0, Math.abs(skew) - halfTrip)
}

/** Sessions end by the clock of this machine, and the database is told the time by it. */
export function checkClock(skew: number): Finding[] {
  if (Math.abs(skew) <= TOLERATED_MS) return []
  const seconds = Math.round(Math.abs(skew) / 1000)
  const direction = skew > 0 ? "behind" : "ahead of"
  return [
    {
      code: "clock_skew",
      severity: "warning",
      message: `The clock of this machine is ${seconds} seconds ${direction} that of the database server. Sessions, links and purges go by the clock of whichever machine looks.`,
      fix: "sudo timedatectl set-ntp true",
    },
  ]
}
