import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"
import { quoted } from "../../store/sql/identifiers.js"
import { queryDocument } from "../../store/sql/query.js"
import type { Finding } from "../finding.js"

/** What concerns the server as a whole. */
export interface ServerFacts {
  /** Such as 180004 for 18.4. */
  version: number
  database: string
  role: string
  /** Whether it counts the rows that are deleted. */
  trackCounts: boolean
  /** Where that setting comes from, as in pg_settings. */
  trackCountsSource: string
}

const OLDEST = 14

/** One query. */
export function readServer(tx: Database): Promise<ServerFacts> {
  return queryDocument(
    tx,
    sql`
    select json_build_object(
      'version', current_setting('server_version_num')::int,
      'database', current_database(),
      'role', current_user,
      'trackCounts', setting::boolean,
      'trackCountsSource', source
    )::text as document
    from pg_settings
    where name = 'track_counts'`,
  )
}

/** Whether the server can do what this library asks of it. */
export function checkServer({ version, database, role, trackCounts, trackCountsSource }: ServerFacts): Finding[] {
  const findings: Finding[] = []
  const major = Math.floor(version / 10_000)
  if (major < OLDEST) {
    findings.push({
      code: "server_version",
      severity: "error",
      message: `The server is PostgreSQL ${major}; this library needs ${OLDEST} or newer.`,
      fix: "https://www.postgresql.org/docs/current/upgrading.html",
    })
  }
  if (!trackCounts) {
    // What is set for a role goes before what is set for a database.
    const whose = trackCountsSource.endsWith("user") ? `role ${quoted(role)} in database` : "database"
    findings.push({
      code: "track_counts",
      severity: "error",
      message:
        "The server does not count rows (track_counts is off), so every merge, purge and deletion fails: it could not say what it deletes.",
      fix: `alter ${whose} ${quoted(database)} set track_counts = on;`,
      where: "track_counts",
    })
  }
  return findings
}
