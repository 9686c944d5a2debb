import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { isAssumed, neededColumns } from "../../store/sql/catalogue/assumed-tables.js"
import { type DeclaredKey, readDeclaredKeys } from "../../store/sql/catalogue/foreign-keys.js"
import { readTables, type TableFacts } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName } from "../../store/sql/identifiers.js"
import type { NamedTable } from "../../store/tables/schema.js"
import { readClockSkew } from "../server/clock.js"
import { readOnly } from "../server/read-only.js"
import { readServer, type ServerFacts } from "../server/read-server.js"
import type { NeededTable } from "./needed-tables.js"

/** What the server and its catalogue say, before any check. */
export interface Facts {
  server: ServerFacts
  /** See `readClockSkew`. */
  skew: number
  tables: KnownTable[]
  /** The tables of the columns that the app declares as `references`, in their order. */
  declared: (TableFacts | null)[]
  /** The foreign keys from which the user table is reached, and those of its own. */
  keys: DeclaredKey[]
}

/** A table that is needed, with what the database has for it; null where it is missing. */
type KnownTable = NeededTable & { facts: TableFacts | null }

/**
 * Reads the catalogue, which every role may read, with one number of queries for any number of
 * tables.
 */
export function readFacts(
  db: Database,
  users: PgTable,
  needed: NeededTable[],
  references: readonly AnyPgColumn[],
): Promise<Facts> {
  return readOnly(db, async (tx) => {
    const server = await readServer(tx, qualifiedName(users))
    const skew = await readClockSkew(tx)
    const all = [...needed.map(({ table }) => table), ...references.map(({ table }) => table as PgTable)]
    const found = await readTables(tx, all)
    const tables = needed.map((table, position) => ({ ...table, facts: unlessStranger(table.table, found[position]) }))
    const known = tables.find(({ key }) => key === "usersTable")?.facts
    const keys = known ? await readDeclaredKeys(tx, known.oid) : []
    return {
      server,
      skew,
      keys,
      tables,
      declared: found.slice(needed.length),
    }
  })
}

/** Drops a table of the app that only has the name of a table of Auth.js. */
function unlessStranger(table: PgTable, facts: TableFacts | null | undefined): TableFacts | null {
  if (!facts || !isAssumed(table)) return facts ?? null
  return neededColumns(table).every((name) => facts.columns.some((column) => column.name === name)) ? facts : null
}

/** Returns a table as the database has it, by its option of `LazyAdapter`. */
export function tableUnder({ tables }: Facts, key: NamedTable): TableFacts | undefined {
  return tables.find((table) => table.key === key)?.facts ?? undefined
}

/** Returns the names of columns in the database; undefined when the table lacks one. */
export function namesIn(db: Database, { columns }: TableFacts, wanted: AnyPgColumn[]): string[] | undefined {
  const names = wanted.map((column) => columnName(db, column))
  return names.every((name) => columns.some((column) => column.name === name)) ? names : undefined
}
