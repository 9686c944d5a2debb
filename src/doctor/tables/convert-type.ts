import type { Column } from "../../store/sql/catalogue/columns.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { ColumnFamily } from "../../store/tables/column-family.js"
import { declareKey } from "./foreign-keys.js"

/** A column of the database that is to get another type. */
interface Conversion {
  /** The table, quoted, with its schema. */
  target: string
  found: Column
  /** The new type, as SQL writes it. */
  type: string
  family: ColumnFamily
  /** The foreign keys from or to the column. */
  keys: DeclaredKey[]
}

/**
 * Writes the statements that give a column another type, and keep its values where PostgreSQL knows
 * no cast. Columns that are tied by foreign keys change together.
 */
export function convertType({ target, found, type, family, keys }: Conversion): string {
  const name = quoted(found.name)
  if (keys.length > 0) return convertTied(keys, type)
  const column = `alter column ${name}`
  const steps = [
    // PostgreSQL would convert the default as well, for which it uses no expression of ours.
    ...(found.default === null ? [] : [`${column} drop default`]),
    ...(makesNull(family, found) && found.notNull && !found.isKey ? [`${column} drop not null`] : []),
    `${column} type ${type} using ${converted(found, type, family)}`,
  ]
  // PostgreSQL checks the type of an identity column before it drops the identity.
  const first = found.isIdentity ? `alter table ${target} ${column} drop identity;\n` : ""
  return `${first}alter table ${target} ${steps.join(", ")};`
}

/** Tells whether values become null: the moment at which a boolean became true is unknown. */
const makesNull = (family: ColumnFamily, { baseType }: Column) => family === "moment" && baseType === "bool"

/** Numbers from here on count milliseconds, not seconds: as seconds, they are in the year 5138. */
const MILLISECONDS = 100_000_000_000

function converted(found: Column, type: string, family: ColumnFamily): string {
  const name = quoted(found.name)
  const { baseType } = found
  const isNumber = /^(int[248]|float[48]|numeric)$/.test(baseType)
  if (family === "moment") {
    if (baseType === "bool") return found.isKey ? `now()` : `case when ${name} then now() end`
    if (isNumber) return `to_timestamp(case when ${name} >= ${MILLISECONDS} then ${name} / 1000.0 else ${name} end)`
  }
  if (family === "integer" && /^timestamp/.test(baseType)) return `extract(epoch from ${name})::${type}`
  if (family === "boolean" && isNumber) return `${name} <> 0`
  if (family === "boolean" && /^(timestamp|date)/.test(baseType)) return `${name} is not null`
  // PostgreSQL casts these directly. Everything has a form as text, which is read as the new type.
  const isDirect = isNumber || baseType === "text" || baseType === "varchar" || family === "string"
  const isDate = family === "moment" && /^(date|timestamp)/.test(baseType)
  return isDirect || isDate ? `${name}::${type}` : `${name}::text::${type}`
}

/** Drops the keys, converts the columns on both sides, and declares the keys again. */
function convertTied(keys: DeclaredKey[], type: string): string {
  const columns = new Map<string, { target: string; name: string }>()
  const add = (target: string, names: string[]) => {
    for (const name of names) columns.set(`${target}.${name}`, { target, name })
  }
  for (const { declaredOn, columns: names, leadsTo, parentColumns } of keys) {
    add(leadsTo.target, parentColumns)
    add(declaredOn.target, names)
  }
  return [
    ...keys.map(
      ({ declaredOn, name }) => `alter table ${declaredOn.target} drop constraint if exists ${quoted(name)};`,
    ),
    ...[...columns.values()].map(({ target, name }) => {
      const column = `alter column ${quoted(name)}`
      return `alter table ${target} ${column} drop identity if exists;\nalter table ${target} ${column} drop default, ${column} type ${type} using ${quoted(name)}::text::${type};`
    }),
    ...keys.map((key) => declareKey(key, ACTIONS[key.action])),
  ].join("\n")
}

/** The ON DELETE actions, by `confdeltype` in pg_constraint. */
const ACTIONS: Record<DeclaredKey["action"], string> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
}
