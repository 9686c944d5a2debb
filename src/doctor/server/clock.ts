import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"
import { queryDocument } from "../../store/sql/query.js"
import type { Finding } from "../finding.js"

const TOLERATED_MS = 5_000

/**
 * Measures how far the clocks of this machine and of the database server are apart, at least, in
 * milliseconds. Takes the answer's way back for half of the time of the query.
 * @returns a positive number when the server is ahead
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

/** Reports clocks that differ: sessions end by the clock of this machine. */
export function checkClock(skew: number): Finding[] {
  if (Math.abs(skew) <= TOLERATED_MS) return []
  const seconds = Math.round(Math.abs(skew) / 1000)
  const direction = skew > 0 ? "behind" : "ahead of"
  return [
    {
      code: "clock_skew",
      severity: "warning",
      message: `The clock of this machine is ${seconds} seconds ${direction} that of the database server. Sessions, sign-in links and purges use the clock of the machine that checks them.`,
      fix: "sudo timedatectl set-ntp true",
    },
  ]
}
