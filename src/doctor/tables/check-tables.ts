import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName, quoted } from "../../store/sql/identifiers.js"
import { schema } from "../../store/tables/schema.js"
import type { Finding } from "../finding.js"
import { checkType } from "./column-type.js"
import type { NeededTable } from "./needed-tables.js"
import type { ColumnFacts, TableFacts } from "./read-tables.js"
import { addColumn, createTable } from "./table-sql.js"

/** Whether a table is there, and its columns are as the definition in Drizzle and the library's statements take them to be. */
export function checkTable(db: Database, needed: NeededTable, facts: TableFacts | null): Finding[] {
  const { key, table, severity } = needed
  if (!facts) {
    if (!severity) return []
    const name = qualifiedName(table).replaceAll('"', "")
    return [
      {
        code: "missing_table",
        severity,
        message: `There is no table ${name}${severity === "info" ? ", which some ways to sign in need" : ""}.`,
        fix: createTable(db, table),
        where: name,
      },
    ]
  }
  const own = new Set(Object.keys(getTableColumns(schema[key])))
  const columns = Object.entries<AnyPgColumn>(getTableColumns(table as PgTable)).map(([property, column]) => {
    const name = columnName(db, column)
    return { property, column, name, found: facts.columns.find((one) => one.name === name) }
  })
  const findings = columns.flatMap(({ property, column, name, found }) => {
    if (!found) return [missingColumn(db, facts, column, name)]
    return own.has(property) ? checkColumn(key, facts, property, column, found) : []
  })
  const filled = new Set([
    ...ALWAYS_WRITTEN[key],
    ...columns.filter(({ column }) => column.defaultFn || column.onUpdateFn).map(({ property }) => property),
  ])
  const properties = new Map(columns.map(({ name, property }) => [name, property]))
  return [
    ...findings,
    ...facts.columns.flatMap((found) => checkRequired(facts, found, properties.get(found.name), filled)),
  ]
}

function missingColumn(db: Database, { label, target }: TableFacts, column: AnyPgColumn, name: string): Finding {
  return {
    code: "missing_column",
    severity: "error",
    message: `The table ${label} has no column ${name}, so every statement on it fails.`,
    fix: addColumn(db, target, column),
    where: `${label}.${name}`,
  }
}

/** Columns that are null until something happens. */
const UNSET: readonly string[] = ["lazySince", "convertedAt"]
const NULLABLE: readonly string[] = [...UNSET, "username", "seenAt", "emailVerified"]

function checkColumn(
  key: NeededTable["key"],
  { label, target }: TableFacts,
  property: string,
  column: AnyPgColumn,
  found: ColumnFacts,
): Finding[] {
  const where = `${label}.${found.name}`
  const alter = `alter table ${target} alter column ${quoted(found.name)}`
  const findings: Finding[] = checkType({ where, alter, property, column, found })
  const nullable =
    (key === "usersTable" && NULLABLE.includes(property)) || (key === "lazyOutcomesTable" && property === "way")
  if (nullable && found.notNull) {
    findings.push({
      code: "column_null",
      severity: "error",
      message: `${where} is NOT NULL, but not every row has one.`,
      fix: `${alter} drop not null;`,
      where,
    })
  }
  if (key === "usersTable" && UNSET.includes(property) && found.default !== null) {
    findings.push({
      code: "column_default",
      severity: "error",
      message: `${where} has a default, by which users who sign up look lazy or converted.`,
      fix: `${alter} drop default;`,
      where,
    })
  }
  if (key === "usersTable" && property === "emailVerified" && found.default !== null) {
    findings.push({
      code: "column_default",
      severity: "warning",
      message: `${where} has a default, by which users whom the app inserts itself look as if they had proven their address. The library writes null.`,
      fix: `${alter} drop default;`,
      where,
    })
  }
  return findings
}

/** What the library or Auth.js writes into every row of a table. */
const ALWAYS_WRITTEN: Record<NeededTable["key"], readonly string[]> = {
  usersTable: ["id", "username", "lazySince", "seenAt"],
  accountsTable: ["userId", "type", "provider", "providerAccountId"],
  sessionsTable: ["sessionToken", "userId", "expires"],
  passwordsTable: ["userId", "hash", "updatedAt"],
  lazyOutcomesTable: ["id", "at", "outcome", "since", "users"],
  verificationTokensTable: ["identifier", "token", "expires"],
  authenticatorsTable: [
    "credentialID",
    "userId",
    "providerAccountId",
    "credentialPublicKey",
    "counter",
    "credentialDeviceType",
    "credentialBackedUp",
  ],
}

/** Whether a row can be inserted without this column. */
function checkRequired(
  { label, target }: TableFacts,
  { name, notNull, default: value, made }: ColumnFacts,
  property: string | undefined,
  filled: Set<string>,
): Finding[] {
  const nullChecked = property !== undefined && NULLABLE.includes(property)
  if (!notNull || value !== null || made || nullChecked || (property !== undefined && filled.has(property))) return []
  const where = `${label}.${name}`
  if (property === "email") {
    return [
      {
        code: "email_required",
        severity: "info",
        message: `${where} is NOT NULL. Lazy users have no address, so one has to be made for them.`,
        fix: `LazyProvider({ generateEmail: ({ id }) => id + "@lazy.invalid" })`,
        where,
      },
    ]
  }
  return [
    {
      code: "column_required",
      severity: "error",
      message: `${where} is NOT NULL without a default, and nobody gives it a value: no row can be made.`,
      fix: `alter table ${target} alter column ${quoted(name)} drop not null;`,
      where,
    },
  ]
}
