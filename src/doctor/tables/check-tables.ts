import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Column } from "../../store/sql/catalogue/columns.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { sequenceOf } from "../../store/sql/catalogue/names.js"
import type { TableFacts } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName, quoted } from "../../store/sql/identifiers.js"
import { familyOf } from "../../store/tables/column-family.js"
import { ruleFor } from "../../store/tables/column-rules.js"
import { schema } from "../../store/tables/schema.js"
import type { Finding } from "../finding.js"
import { checkType } from "./column-type.js"
import type { NeededTable } from "./needed-tables.js"
import { addColumn, type Creation, createTable } from "./table-sql.js"

/**
 * Compares a table with its definition in Drizzle and with what the library and Auth.js require.
 */
export function compareTable(
  db: Database,
  needed: NeededTable,
  facts: TableFacts | null,
  around: { keys: DeclaredKey[]; creation: Creation },
): Finding[] {
  const { key, table, severity } = needed
  if (!facts) {
    if (!severity) return []
    const name = qualifiedName(table).replaceAll('"', "")
    return [
      {
        code: "missing_table",
        severity,
        message: `There is no table ${name}${severity === "info" ? `, which ${USERS_OF[key] ?? "sign-in by e-mail link or passkey"} needs` : ""}.`,
        fix: createTable(db, table, around.creation),
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
    const keys = around.keys.filter((one) => isTied(one, facts.oid, name))
    // The user ids of a default table follow those of the app's own users.
    if (property === "userId" && table === schema[key] && around.creation.users !== schema.usersTable) return []
    return own.has(property) ? checkColumn(key, facts, { property, column, found, keys }) : []
  })
  const properties = new Map(columns.map(({ name, property, column }) => [name, { property, column }]))
  return [
    ...findings,
    ...facts.columns.flatMap((found) => checkRequired(key, facts, found, properties.get(found.name))),
  ]
}

/** The features that need a table which some configurations do without. */
const USERS_OF: Partial<Record<NeededTable["key"], string>> = {
  accountsTable: "sign-in by OAuth or passkey",
  sessionsTable: "a configuration with database sessions",
}

/** Tells whether a foreign key leads from a column, or to it. */
const isTied = ({ table, columns, parent, parentColumns }: DeclaredKey, oid: number, name: string) =>
  (table === oid && columns.includes(name)) || (parent === oid && parentColumns.includes(name))

function missingColumn(db: Database, { label, target }: TableFacts, column: AnyPgColumn, name: string): Finding {
  return {
    code: "missing_column",
    severity: "error",
    message: `The table ${label} has no column ${name}, so every statement on it fails.`,
    fix: addColumn(db, target, column),
    where: `${label}.${name}`,
  }
}

function checkColumn(
  key: NeededTable["key"],
  { label, target }: TableFacts,
  { property, column, found, keys }: { property: string; column: AnyPgColumn; found: Column; keys: DeclaredKey[] },
): Finding[] {
  const where = `${label}.${found.name}`
  const alter = `alter table ${target} alter column ${quoted(found.name)}`
  const rule = ruleFor(key, property)
  const findings: Finding[] = checkType({ where, alter, target, keys, property, column, found, rule })
  const isBoolean = familyOf(column) === "boolean"
  if (rule?.isNullable && found.notNull && !isBoolean) {
    findings.push({
      code: "column_null",
      severity: "error",
      message: `${where} is NOT NULL, but the library writes null in some rows.`,
      fix: found.isKey
        ? `-- ${where} is part of a key of the table. Make another key of columns that have a value in every row.`
        : `${alter} drop not null;`,
      where,
    })
  }
  if (rule?.defaultMakes && found.default !== null && !(isBoolean && found.default === "false")) {
    const isLazy = rule.defaultMakes === "lazy"
    findings.push({
      code: "column_default",
      severity: isLazy ? "error" : "warning",
      message: isLazy
        ? `${where} has a default, which makes users who sign up look lazy or converted.`
        : `${where} has a default, which makes users look as if they had proven their address when the app inserts them itself. The library writes ${isBoolean ? "false" : "null"}.`,
      fix: `${alter} ${isBoolean ? "set default false" : "drop default"};`,
      where,
    })
  }
  return findings
}

/** Tells whether a row can be inserted without this column. */
function checkRequired(
  key: NeededTable["key"],
  { label, target }: TableFacts,
  found: Column,
  defined: { property: string; column: AnyPgColumn } | undefined,
): Finding[] {
  const { name, notNull, default: value, generation, isIdentity } = found
  if (!notNull || value !== null || generation !== null || isIdentity) return []
  const { property = "", column } = defined ?? {}
  const rule = ruleFor(key, property)
  const needsAddress = key === "usersTable" && property === "email"
  // A column that must take null has a finding of its own.
  if (column?.defaultFn || column?.onUpdateFn || (rule && !rule.leftOut && !needsAddress)) return []
  const where = `${label}.${name}`
  if (needsAddress) {
    return [
      {
        code: "email_required",
        severity: "info",
        message: `${where} is NOT NULL. Lazy users have no address, so make one for them.`,
        fix: `LazyProvider({ generateEmail: ({ id }) => id + "@lazy.invalid" })`,
        where,
      },
    ]
  }
  return [
    {
      code: "column_required",
      severity: "error",
      message: `${where} is NOT NULL without a default, but not every insert gives it a value, so rows can't be made.`,
      fix: found.isKey ? fillKey(target, found) : `alter table ${target} alter column ${quoted(name)} drop not null;`,
      where,
    },
  ]
}

/** Writes the statements by which a column that is part of a key gets a value of its own. */
function fillKey(target: string, { name, baseType, length, type }: Column): string {
  const column = `alter table ${target} alter column ${quoted(name)}`
  const holdsUuid = /^(text|varchar)$/.test(baseType) && (length === null || length >= 36)
  if (baseType === "uuid") return `${column} set default gen_random_uuid();`
  if (holdsUuid) return `${column} set default gen_random_uuid()::text;`
  if (/^int[248]$/.test(baseType)) {
    return `${column} add generated by default as identity;\nselect setval(${sequenceOf(target, name)}, coalesce(max(${quoted(name)}), 0) + 1, false) from ${target};`
  }
  if (/^(date|timestamp)/.test(baseType)) return `${column} set default now();`
  return `-- ${name} (${type}) is part of a key of the table. Give it a value in its definition: .$defaultFn(…)`
}
