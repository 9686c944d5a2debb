import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { isAssumed } from "../../store/sql/catalogue/assumed-tables.js"
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

/**
 * Lists the tables of the store, the user table first. Without a configuration, no table that the
 * app has not passed is an error.
 */
export function neededTables(tables: Tables, config: ConfigFacts | undefined): NeededTable[] {
  const usedBy = (...types: string[]) => config?.providerTypes.some((type) => types.includes(type))
  const whether = (isUsed: boolean | undefined, unknown: Severity) =>
    (isUsed ?? true) ? (config ? "error" : unknown) : undefined
  const severities: Record<NamedTable, Severity | undefined> = {
    usersTable: "error",
    accountsTable: whether(usedBy("oauth", "oidc", "webauthn"), "error"),
    sessionsTable: whether(config && config.strategy === "database", "warning"),
    passwordsTable: "error",
    lazyOutcomesTable: "error",
    verificationTokensTable: whether(usedBy("email"), "info"),
    authenticatorsTable: whether(usedBy("webauthn"), "info"),
  }
  return (Object.keys(severities) as NamedTable[]).flatMap((key) => {
    const table = key === "usersTable" ? writtenUsers(tables) : tables[key]
    if (!table) return []
    return [{ key, table, severity: !config && isAssumed(table) ? "info" : severities[key] }]
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
