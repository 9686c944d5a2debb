import { type SQL, sql } from "drizzle-orm"
import type { Column } from "../sql/catalogue/columns.js"
import type { ForeignKey } from "../sql/catalogue/foreign-keys.js"
import { type Relation, readRelations } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { quoted } from "../sql/identifiers.js"
import type { StoppedRow } from "./find-stoppers.js"
import { concerned, type Move } from "./lazy-rows.js"
import type { ReferencingTable, UserReferences } from "./references/references.js"
import type { ChangingTable, RowChange } from "./row-changes.js"
import { uniqueRules } from "./unique-rules.js"

/**
 * Rows that replace others: references by these columns move from the replaced row to its
 * replacement.
 */
export interface Replacement {
  table: number
  columns: string[]
  /** The step of a statement with the values. */
  source: SQL
  /** Its name. */
  name: string
}

/** Builds the step for a {@link Replacement}; undefined when no row is replaced. */
export function replacementOf(
  { oid, columns }: Pick<ChangingTable, "oid" | "columns">,
  stopped: StoppedRow[],
  referred: string[][],
  position: number,
  name: string,
): Replacement | undefined {
  const names = referred[position] as string[]
  const pairs = stopped.flatMap((row) => {
    const [before, after] = [row.old[position], row.new[position]]
    if (!row.isDeep || !before || !after || [...before, ...after].includes(null)) return []
    return [
      Object.fromEntries([...before.map((value, n) => [old(n), value]), ...after.map((value, n) => [next(n), value])]),
    ]
  })
  if (pairs.length === 0) return undefined
  const types = names.map((name) => columns.find((column) => quoted(column.name) === name)?.type as string)
  const given = [...types.map((type, n) => `${old(n)} ${type}`), ...types.map((type, n) => `${next(n)} ${type}`)]
  const source = sql`${sql.raw(name)} as materialized (
    select * from json_to_recordset(${JSON.stringify(pairs)}::text::json) as given (${sql.raw(given.join(", "))})
  )`
  return { table: oid, columns: names, source, name }
}

// No table of an app has columns of these names.
const old = (n: number) => `authjs_lazy_old_${n}`
const next = (n: number) => `authjs_lazy_new_${n}`

/**
 * Builds the change of columns that refer to replaced rows, in the order of the referred columns.
 */
function changeOf({ name }: Replacement, columns: Column[]): RowChange {
  const olds = columns.map((_, n) => old(n)).join(", ")
  const tuple = (prefix: string) => columns.map(({ sql }) => prefix + sql).join(", ")
  return {
    columns,
    isOld: (prefix) => sql.raw(`(${tuple(prefix)}) in (select ${olds} from ${name})`),
    newValue: (column, prefix) =>
      sql.raw(`(select ${next(columns.indexOf(column))} from ${name} where (${olds}) = (${tuple(prefix)}) limit 1)`),
    isNew: (column, prefix) =>
      sql.raw(`${prefix}${column.sql} in (select ${next(columns.indexOf(column))} from ${name})`),
  }
}

/**
 * Picks the keys along which rows move from a stopped row to the one that stops it. References to
 * the user id are left out, since they move anyway.
 */
export function hangingKeys({ keys, tables, leftAlone, credentials }: UserReferences, table: number): ForeignKey[] {
  const untouched = [...leftAlone, ...credentials.map(({ oid }) => oid)]
  const isOfUsers = ({ table, columns }: ForeignKey) =>
    columns.length === 1 &&
    tables.some(({ oid, userColumns }) => oid === table && userColumns.some(({ name }) => name === columns[0]))
  return keys.filter(
    (key) => key.parent === table && !key.isTemporal && !untouched.includes(key.table) && !isOfUsers(key),
  )
}

/** Lists the columns that such keys refer to, quoted, each list once. */
export function referredColumns(keys: ForeignKey[]): string[][] {
  return [...new Map(keys.map(({ parentColumns }) => [parentColumns.join("\0"), parentColumns.map(quoted)])).values()]
}

/** A key and the replacement it leads to. */
interface Hanging {
  key: ForeignKey
  replacement: Replacement
  /** The names of its columns, in the order of the columns of the replacement. */
  columns: string[]
  /** Whether it leads to the table of the replacement itself. */
  isDirect: boolean
}

/**
 * Finds the tables with references to replaced rows, also through another column with the same
 * value, and what changes in them. One query.
 * @param settled for each table the condition for rows that are handed over already
 */
export async function hangingTables(
  tx: Database,
  found: UserReferences,
  move: Move,
  replacements: Replacement[],
  settled: ReadonlyMap<number, ((prefix: string) => SQL)[]>,
): Promise<ChangingTable[]> {
  const hanging = replacements.flatMap((replacement) => follow(found, replacement))
  const relations = await readRelations(tx, [...new Set(hanging.map(({ key }) => key.table))])
  const tables = relations.map((relation) => {
    const own = hanging.filter(({ key, columns }) => key.table === relation.oid && areReadable(relation, columns))
    return changingTable(found, move, relation, own, settled.get(relation.oid) ?? [])
  })
  return tables.filter(({ changes }) => changes.length > 0)
}

/** Finds every key that leads to the replaced columns, directly or through other columns. */
function follow(found: UserReferences, replacement: Replacement): Hanging[] {
  const reached: Hanging[] = []
  const visit = (table: number, names: string[], isDirect: boolean) => {
    for (const key of hangingKeys(found, table)) {
      const positions = names.map((name) => key.parentColumns.map(quoted).indexOf(name))
      if (positions.includes(-1) || key.parentColumns.length !== names.length) continue
      const columns = positions.map((position) => key.columns[position] as string)
      const isKnown = reached.some((other) => other.key.table === key.table && other.columns.join() === columns.join())
      reached.push({ key, replacement, columns, isDirect })
      if (!isKnown) visit(key.table, columns.map(quoted), false)
    }
  }
  visit(replacement.table, replacement.columns, true)
  return reached
}

const areReadable = ({ columns }: Relation, names: string[]) =>
  names.every((name) => columns.some((column) => column.name === name && column.readable && column.generation === null))

function changingTable(
  found: UserReferences,
  move: Move,
  { oid, label, target, kind, columns, key, uniqueIndexes, checks }: Relation,
  hanging: Hanging[],
  settled: ((prefix: string) => SQL)[],
): ChangingTable {
  // Several keys can have the same columns: then they change once.
  const distinct = [...new Map(hanging.map((one) => [`${one.replacement.name} ${one.columns.join()}`, one])).values()]
  const changing = distinct.map(({ columns: names }) =>
    names.map((name) => columns.find((column) => column.name === name) as Column),
  )
  const parents = distinct.flatMap((one, change) =>
    hanging
      .filter(
        ({ isDirect, replacement, columns }) =>
          !isDirect && replacement === one.replacement && columns.join() === one.columns.join(),
      )
      .map(({ key, columns }) => ({
        change,
        parent: key.parent,
        target: key.parentTarget,
        columns: columns.map((name) => key.parentColumns[key.columns.indexOf(name)] as string),
        collations: columns.map((name) => key.collations[key.columns.indexOf(name)] ?? null),
      })),
  )
  const { rules, checks: concerning } = uniqueRules(columns, [...new Set(changing.flat())], uniqueIndexes, checks)
  const except = [...settled, ...keptRows(found, move, oid)]
  return {
    oid,
    label,
    target,
    columns,
    key,
    isPartitioned: kind === "p",
    changes: distinct.map(({ replacement }, n) => changeOf(replacement, changing[n] as Column[])),
    // References to two rows can end up on one.
    rules: rules.map((rule) => ({ ...rule, contested: true })),
    checks: concerning,
    parents,
    except: except.length === 0 ? undefined : (prefix) => anyOf(except, prefix),
  }
}

/** Builds a condition with some rows left out of it. */
export function butNot(condition: SQL, except: ((prefix: string) => SQL)[], prefix: string): SQL {
  return except.length === 0 ? condition : sql`${condition} and not ${anyOf(except, prefix)}`
}

function anyOf(conditions: ((prefix: string) => SQL)[], prefix: string): SQL {
  return sql`coalesce(${sql.join(
    conditions.map((condition) => sql`(${condition(prefix)})`),
    sql` or `,
  )}, false)`
}

/**
 * Lists the conditions for rows that do not change: the lazy user itself and its own rows that are
 * stopped.
 */
export function keptRows({ users, tables }: UserReferences, move: Move, oid: number): ((prefix: string) => SQL)[] {
  const own = tables.find((table): table is ReferencingTable => table.oid === oid)
  const isLazyUser = (prefix: string) => sql`${sql.raw(prefix + users.id)} = ${move.from}`
  return [
    ...(own ? [(prefix: string) => concerned(own, move, prefix)] : []),
    ...(oid === users.oid ? [isLazyUser] : []),
  ]
}
