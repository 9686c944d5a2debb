import type { IndexedTable } from "../../store/sql/catalogue/indexes.js"
import type { Database } from "../../store/sql/database.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import { schema } from "../../store/tables/schema.js"
import type { Finding } from "../finding.js"
import { readOnly } from "../server/read-only.js"
import { readIfAllowed } from "../server/unchecked.js"
import { type Facts, namesIn, tableUnder } from "../tables/facts.js"
import { checkPurge, readDeadUsers } from "./check-purge.js"
import { checkSessions } from "./check-sessions.js"

/** Examines what the catalogue doesn't know: lazy users to purge and expired sessions. */
export async function examineRows(
  db: Database,
  tables: Tables,
  facts: Facts,
  indexed: IndexedTable[],
  { sessionMaxAge }: { sessionMaxAge: number },
): Promise<{ findings: Finding[]; purgeable: number | null }> {
  const { usersTable, sessionsTable } = tables
  const { role } = facts.server
  const users = tableUnder(facts, "usersTable")
  const sessions = tableUnder(facts, "sessionsTable")
  const hasColumns =
    users &&
    namesIn(db, users, [usersTable.id, usersTable.seenAt, usersTable.lazySince, usersTable.convertedAt]) &&
    (!sessions || namesIn(db, sessions, [sessionsTable.userId, sessionsTable.expires]))
  if (!hasColumns) return { findings: [], purgeable: null }

  const dead = await readIfAllowed({
    what: "The number of lazy users to purge",
    role,
    tables: [users, ...(sessions ? [sessions] : [])],
    read: () => readOnly(db, (tx) => readDeadUsers(tx, tables, { sessionMaxAge, hasSessions: sessions !== undefined })),
  })
  const table = indexed.find(({ oid }) => oid === sessions?.oid)
  const expired =
    sessions && table
      ? await readIfAllowed({
          what: "The number of expired sessions",
          role,
          tables: [sessions],
          read: () => readOnly(db, (tx) => checkSessions(tx, tables, table)),
        })
      : undefined
  return {
    findings: [
      ...(dead.result ? checkPurge(dead.result, sessionMaxAge, usersTable === schema.usersTable) : []),
      ...(expired?.result ?? []),
      ...dead.findings,
      ...(expired?.findings ?? []),
    ],
    purgeable: dead.result?.count ?? null,
  }
}
