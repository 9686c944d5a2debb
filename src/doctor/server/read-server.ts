import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"
import { type Engine, readEngineAnew } from "../../store/sql/engine/engine.js"
import { type Lacks, lacksOf } from "../../store/sql/engine/engine-lacks.js"
import { quoted } from "../../store/sql/identifiers.js"
import { queryDocument } from "../../store/sql/query.js"
import type { Finding } from "../finding.js"

/** Version, role and settings of the database server. */
export interface ServerFacts {
  /** Such as 180004 for 18.4. */
  version: number
  database: string
  role: string
  /** Whether it counts deleted rows. */
  trackCounts: boolean
  /** Where that setting comes from, as in pg_settings. */
  trackCountsSource: string
  engine?: Engine
  /** What that engine is known to lack for the tables of this app. */
  lacks?: Lacks
}

const OLDEST = 14

/** Says what is refused on an engine, each time before anything is changed. */
function whatIsRefused(lacks: Lacks): string {
  const all = Object.entries(lacks)
  const reasons = [...new Set(all.map(([, lack]) => lack))].map((reason) => {
    const operations = all.filter(([, lack]) => lack === reason).map(([operation]) => operation)
    return `${operations.join(", ")}, since ${reason}`
  })
  return reasons.length === 0 ? "" : `It refuses to ${reasons.join("; to ")}. `
}

/**
 * Reads version, role and settings of the server, by one query besides those of
 * {@link readEngineAnew} and {@link lacksOf}.
 * @param users the quoted name of the user table
 */
export async function readServer(tx: Database, users: string): Promise<ServerFacts> {
  const engine = await readEngineAnew(tx)
  const facts = await queryDocument<Omit<ServerFacts, "engine">>(
    tx,
    sql`
    select json_build_object(
      'version', pg_catalog.current_setting('server_version_num')::int,
      'database', pg_catalog.current_database(),
      'role', current_user,
      'trackCounts', coalesce(setting = 'on', false),
      'trackCountsSource', coalesce(source, '')
    )::text as document
    from (values (1)) as one left join pg_catalog.pg_settings on name = 'track_counts'`,
  )
  return { ...facts, engine, lacks: await lacksOf(tx, engine, users) }
}

/** Reports a server that is too old, or that does not count deleted rows. */
export function checkServer({
  version,
  database,
  role,
  trackCounts,
  trackCountsSource,
  engine,
  lacks = {},
}: ServerFacts): Finding[] {
  const findings: Finding[] = []
  const major = Math.floor(version / 10_000)
  if (major < OLDEST) {
    findings.push({
      code: "server_version",
      severity: "error",
      message: `The server is PostgreSQL ${major}, but this library needs ${OLDEST} or newer. Upgrade it.`,
      fix: "https://www.postgresql.org/docs/current/upgrading.html",
    })
  }
  if (engine && engine.name !== "PostgreSQL") {
    findings.push({
      code: "engine",
      severity: "warning",
      message: `The server is ${engine.name}, on which this library was never run. ${whatIsRefused(lacks)}Compare docs/engines.md, and try what your app does on a copy. The doctor leaves out what it can't ask this engine.`,
      fix: `npx authjs-lazy ${lacks.purge === undefined ? "purge --dry-run" : "stats"}`,
    })
  }
  if (!trackCounts && (!engine || engine.name === "PostgreSQL")) {
    // The setting of a role takes precedence over that of a database.
    const whose = trackCountsSource.endsWith("user") ? `role ${quoted(role)} in database` : "database"
    findings.push({
      code: "track_counts",
      severity: "warning",
      message:
        "The server does not count deleted rows (track_counts is off), so merges, purges and deletions of a lazy user count beforehand what goes. They are refused where the user table, or a table that refers to it, has a trigger, a rule or rows that the role can't see.",
      fix: `alter ${whose} ${quoted(database)} set track_counts = on;`,
      where: "track_counts",
    })
  }
  return findings
}
