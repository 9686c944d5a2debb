import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { UserReferences } from "../../store/merge/references/references.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import type { TableFacts } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { columnName } from "../../store/sql/identifiers.js"
import { goingWithUsers } from "../tables/foreign-keys.js"
import type { NeededTable } from "../tables/needed-tables.js"

/** Columns that conversions, merges or purges look up rows of a table by. */
export interface Lookup {
  /** The oid of the table. */
  table: number
  columns: string[]
}

/**
 * Lists what conversions, merges and purges look up: rows of a user in the tables of Auth.js, rows
 * that refer to rows deleted with a user, and rows that a merge moves.
 */
export function lookupsOf(
  db: Database,
  users: number,
  tables: (NeededTable & { facts: TableFacts | null })[],
  keys: DeclaredKey[],
  references: UserReferences | undefined,
  { cascade }: { cascade: boolean },
): Lookup[] {
  const going = goingWithUsers(users, keys, { cascade })
  return [
    ...tables.flatMap(({ table, severity, facts }) => {
      const { userId }: Record<string, AnyPgColumn> = getTableColumns(table)
      return userId && severity && facts ? [{ table: facts.oid, columns: [columnName(db, userId)] }] : []
    }),
    ...keys
      .filter(({ enforced, parent }) => enforced && going.has(parent))
      .map(({ table, columns }) => ({ table, columns })),
    ...(references?.tables ?? []).flatMap(({ oid, userColumns }) =>
      userColumns.map(({ name }) => ({ table: oid, columns: [name] })),
    ),
  ]
}
