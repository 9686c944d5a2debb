import { count, sql } from "drizzle-orm"
import { mayGo } from "../../store/purge/find-users.js"
import { resolvePurgeOptions } from "../../store/purge/options.js"
import type { Database } from "../../store/sql/database.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import { DEFAULT_SESSION_MAX_AGE } from "../../store/users/session-life.js"
import type { Finding } from "../finding.js"

/** Lazy users who can never come back. */
export interface DeadUsers {
  count: number
  /** When the first of them was last seen; null where there are none. */
  oldest: Date | null
}

/**
 * Counts the lazy users whom a purge would look at now, by the condition of the purge and its
 * index. One query.
 */
export async function readDeadUsers(
  tx: Database,
  tables: Tables,
  { sessionMaxAge, hasSessions }: { sessionMaxAge: number; hasSessions: boolean },
): Promise<DeadUsers> {
  const { seenAt, lazySince } = tables.usersTable
  const settings = resolvePurgeOptions({ sessionMaxAge }, tables)
  const [dead] = await tx
    .select({ count: count(), oldest: sql<Date | null>`min(coalesce(${seenAt}, ${lazySince}))`.mapWith(seenAt) })
    .from(tables.usersTable)
    .where(mayGo({ tables, settings, hasSessions }))
  return dead ?? { count: 0, oldest: null }
}

const HOUR = 60 * 60
const DAY = 24 * HOUR

/** Reports lazy users to purge, and that no purge ever runs. */
export function checkPurge({ count, oldest }: DeadUsers, sessionMaxAge: number, isDefault: boolean): Finding[] {
  if (count === 0 || !oldest) return []
  const age = (Date.now() - oldest.valueOf()) / 1000
  // The configuration says how long sessions live, and which tables to look at.
  const isPlain = isDefault && sessionMaxAge === DEFAULT_SESSION_MAX_AGE
  const command = `npx authjs-lazy purge${isPlain ? "" : " --config auth.ts"}`
  const overdue: Finding = {
    code: "purge_overdue",
    severity: "warning",
    message: `No purge has run: a lazy user who could have been deleted ${span(age - sessionMaxAge)} ago is still there. Schedule it.`,
    fix: `0 4 * * * ${command}`,
  }
  const users = count === 1 ? "One lazy user" : `${count.toLocaleString("en-US")} lazy users`
  return [
    ...(age > 2 * sessionMaxAge ? [overdue] : []),
    {
      code: "purgeable",
      severity: "info",
      message: `${users} can never come back: not seen for ${span(sessionMaxAge)}, and without a session.`,
      fix: command,
    },
  ]
}

function span(seconds: number): string {
  const [length, unit] = seconds >= 2 * DAY ? [DAY, "days"] : [HOUR, "hours"]
  return `${Math.floor(seconds / length)} ${unit}`
}
