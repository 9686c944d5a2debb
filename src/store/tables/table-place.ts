import { getTableName } from "drizzle-orm"
import { quoted } from "../sql/identifiers.js"
import { schema } from "./schema.js"

/** The tables that can have another name, as options of `LazyAdapter`. */
export const NAMED_TABLES = [
  "usersTable",
  "sessionsTable",
  "accountsTable",
  "authenticatorsTable",
  "verificationTokensTable",
  "passwordsTable",
  "lazyOutcomesTable",
] as const

/** One of {@link NAMED_TABLES}. */
export type NamedTable = (typeof NAMED_TABLES)[number]

/** Where the tables of an app are. */
export interface TableNames {
  /** The PostgreSQL schema that they are in; default: the search path says. */
  schema?: string
  /** The names of those that are not called as in the default schema. */
  tables: Partial<Record<NamedTable, string>>
}

/** The option of the command line that names a table. */
export function flagOf(option: NamedTable): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The name of a table. */
export function tableName({ tables }: TableNames, option: NamedTable): string {
  return tables[option] ?? getTableName(schema[option])
}

/** The schema to name; undefined where the search path says. Drizzle takes no schema by the name of public. */
export function ownSchema({ schema }: TableNames): string | undefined {
  return schema === "public" ? undefined : schema
}

/** A table as it stands in a statement. */
export function tableTarget(names: TableNames, option: NamedTable): string {
  const schemaName = ownSchema(names)
  const table = quoted(tableName(names, option))
  return schemaName === undefined ? table : `${quoted(schemaName)}.${table}`
}
