import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { writtenUsers } from "../../store/tables/legacy-hash.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import type { NamedTable } from "../../store/tables/schema.js"
import type { ConfigFacts } from "../app/read-config.js"
import type { Severity } from "../finding.js"

/** A table of the library or of Auth.js. */
export interface NeededTable {
  key: NamedTable
  table: PgTable
  /** The severity of the table being missing; undefined where the configuration does not use it. */
  severity: Severity | undefined
}

/** Lists the tables of the store, the user table first. */
export function neededTables(tables: Tables, config: ConfigFacts | undefined): NeededTable[] {
  const types = config?.providerTypes
  const severities: Record<NamedTable, Severity | undefined> = {
    usersTable: "error",
    accountsTable: "error",
    sessionsTable: config ? (config.strategy === "database" ? "error" : undefined) : "warning",
    passwordsTable: "error",
    lazyOutcomesTable: "error",
    verificationTokensTable: types ? (types.includes("email") ? "error" : undefined) : "info",
    authenticatorsTable: types ? (types.includes("webauthn") ? "error" : undefined) : "info",
  }
  return (Object.keys(severities) as NamedTable[]).flatMap((key) => {
    const table = key === "usersTable" ? writtenUsers(tables) : tables[key]
    return table ? [{ key, table, severity: severities[key] }] : []
  })
}

/** Columns that together must be unique in a table. */
export interface UniqueColumns {
  key: NamedTable
  columns: AnyPgColumn[]
  /** What happens without the rule. */
  why: string
  /** Whether many rows have null in them. */
  holdsNulls: boolean
}

/** Lists the unique rules that the library and Auth.js rely on. */
export function uniqueColumns(tables: Tables): UniqueColumns[] {
  const { usersTable: users, accountsTable: accounts, sessionsTable: sessions, passwordsTable: passwords } = tables
  const rule = (key: NamedTable, columns: AnyPgColumn[], why: string, holdsNulls = false) => ({
    key,
    columns,
    why,
    holdsNulls,
  })
  return [
    rule("usersTable", [users.id], "two users could have one id"),
    rule("usersTable", [users.username], "two people could take one name, and sign in as each other", true),
    rule("usersTable", [users.email], "two people could register one address", true),
    rule("accountsTable", [accounts.provider, accounts.providerAccountId], "one identity could belong to two users"),
    rule("sessionsTable", [sessions.sessionToken], "every request searches all sessions for its own"),
    ...(passwords ? [rule("passwordsTable", [passwords.userId], "no password can be written")] : []),
  ]
}
