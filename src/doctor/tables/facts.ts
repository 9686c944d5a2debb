import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../../store/sql/database.js"
import { columnName } from "../../store/sql/identifiers.js"
import type { NamedTable } from "../../store/tables/schema.js"
import { readClockSkew } from "../server/clock.js"
import { readOnly } from "../server/read-only.js"
import { readServer, type ServerFacts } from "../server/read-server.js"
import type { NeededTable } from "./needed-tables.js"
import { type KeyFacts, readKeys } from "./read-keys.js"
import { readTables, type TableFacts } from "./read-tables.js"

/** What the server and its catalogue say, before anything is judged. */
export interface Facts {
  server: ServerFacts
  /** See `readClockSkew`. */
  skew: number
  tables: KnownTable[]
  /** The tables of the columns that the app declares as `references`, in their order. */
  declared: (TableFacts | null)[]
  /** Every foreign key of the database. */
  keys: KeyFacts[]
}

/** A table as it is needed, and as the database has it; null where it has not. */
type KnownTable = NeededTable & { facts: TableFacts | null }

/** Reads the catalogue, which every role may read: four queries, however many tables there are. */
export function readFacts(db: Database, needed: NeededTable[], references: readonly AnyPgColumn[]): Promise<Facts> {
  return readOnly(db, async (tx) => {
    const server = await readServer(tx)
    const skew = await readClockSkew(tx)
    const keys = await readKeys(tx)
    const all = [...needed.map(({ table }) => table), ...references.map(({ table }) => table as PgTable)]
    const found = await readTables(tx, all)
    return {
      server,
      skew,
      keys,
      tables: needed.map((table, position) => ({ ...table, facts: found[position] ?? null })),
      declared: found.slice(needed.length),
    }
  })
}

/** The table under this key, as the database has it. */
export function tableUnder({ tables }: Facts, key: NamedTable): TableFacts | undefined {
  return tables.find((table) => table.key === key)?.facts ?? undefined
}

/** The names of columns in the database; undefined where the table lacks one. */
export function namesIn(db: Database, { columns }: TableFacts, wanted: AnyPgColumn[]): string[] | undefined {
  const names = wanted.map((column) => columnName(db, column))
  return names.every((name) => columns.some((column) => column.name === name)) ? names : undefined
}
