import {
  type Index,
  type IndexedTable,
  type NamedIndex,
  readIndexesByName,
  readIndexNamed,
} from "../sql/catalogue/indexes.js"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName } from "../sql/identifiers.js"
import type { Violation } from "../sql/violation.js"
import type { Tables } from "../tables/resolve-tables.js"

/** The identifying fields of a user. */
export type KnownBy = "id" | "username" | "email"

/**
 * Reads the user table with its unique rules and exclusion constraints; undefined where it is
 * missing. One query.
 */
export async function readUserRules(db: Database, { usersTable }: Tables): Promise<IndexedTable | undefined> {
  const users = await readIndexesByName(db, qualifiedName(usersTable))
  // CREATE INDEX CONCURRENTLY leaves an unfinished index behind when it fails.
  return users && { ...users, indexes: users.indexes.filter((index) => index.valid && isRule(index)) }
}

const isRule = ({ unique, operators }: Index) => unique || operators !== null

/**
 * Finds the rule of the user table that a statement broke; null for a rule of another table. One
 * query.
 */
export async function readBrokenRule(
  db: Database,
  { usersTable }: Tables,
  { schema, constraint }: Violation,
): Promise<NamedIndex | null> {
  if (constraint === undefined) return null
  return readIndexNamed(db, qualifiedName(usersTable), { schema, name: constraint })
}

/**
 * Tells whether a rule involves a column: by itself, in an expression such as `lower(email)`, in
 * a generated column, or with others.
 */
export function isAbout(db: Database, { usersTable }: Tables, { keys }: Index, identifier: KnownBy): boolean {
  const name = columnName(db, usersTable[identifier])
  return keys.some(
    ({ column, sql, generation }) => column === name || mentions(column === null ? sql : (generation ?? ""), name),
  )
}

function mentions(expression: string, name: string): boolean {
  const escaped = name.replaceAll('"', '""').replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`"${escaped}"|(?<![\\w"$.])${escaped}(?![\\w"$])`).test(expression)
}
