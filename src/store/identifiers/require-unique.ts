import { getTableName } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { IndexedTable } from "../sql/catalogue/indexes.js"
import { isTable } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { columnName, quoted } from "../sql/identifiers.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isAbout, readUserRules } from "./identifier-rules.js"

/** The username and address to write; null or undefined values are not written. */
export interface WrittenIdentifiers {
  username?: string | null
  email?: string | null
}

/** The rules of the user table of each adapter, read before the first write. */
const known = new WeakMap<Tables, Promise<IndexedTable | undefined>>()

/**
 * Refuses to write a username or an address without a unique rule: parallel requests would all find
 * it free. One query for each adapter.
 * @throws LazySetupError with the statement that adds the rule
 */
export async function requireUniqueRules(db: Database, tables: Tables, written: WrittenIdentifiers): Promise<void> {
  const identifiers = (["username", "email"] as const).filter((identifier) => written[identifier] != null)
  if (identifiers.length === 0) return
  const users = await userRules(db, tables)
  // A view has no rules, and a missing table fails by itself.
  if (!users || !isTable(users.kind)) return
  for (const identifier of identifiers) {
    if (isGuarded(db, tables, users, identifier)) continue
    // Ask again the next time: the rule may have been added by then.
    known.delete(tables)
    throw new LazySetupError(explainMissing(db, tables, users, identifier))
  }
}

/**
 * Returns the statement that adds the unique rule on an identifier; undefined where there is one.
 * One query.
 */
export async function missingRule(
  db: Database,
  tables: Tables,
  identifier: "username" | "email",
): Promise<string | undefined> {
  const users = await readUserRules(db, tables)
  if (!users || !isTable(users.kind) || isGuarded(db, tables, users, identifier)) return undefined
  return statementFor(db, tables, users, identifier)
}

function isGuarded(db: Database, tables: Tables, users: IndexedTable, identifier: "username" | "email"): boolean {
  return users.indexes.some((rule) => isAbout(db, tables, rule, identifier) && !isAbout(db, tables, rule, "id"))
}

function userRules(db: Database, tables: Tables): Promise<IndexedTable | undefined> {
  const read = known.get(tables) ?? readUserRules(db, tables)
  known.set(tables, read)
  read.catch(() => known.delete(tables))
  return read
}

function explainMissing(db: Database, tables: Tables, users: IndexedTable, identifier: "username" | "email"): string {
  const column = quoted(columnName(db, tables.usersTable[identifier]))
  return (
    `LazyAdapter: nothing in the database keeps two users from having one ${identifier}: ${users.target} has no unique rule ` +
    `on ${column}. Add it: ${statementFor(db, tables, users, identifier)}`
  )
}

function statementFor(
  db: Database,
  { usersTable }: Tables,
  { target, kind }: IndexedTable,
  identifier: "username" | "email",
): string {
  const column = columnName(db, usersTable[identifier])
  const name = quoted(`${getTableName(usersTable)}_${column}_unique`)
  const how = kind === "p" ? "" : "concurrently "
  return `create unique index ${how}${name} on ${target} (${quoted(column)});`
}
