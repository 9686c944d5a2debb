import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import {
  type Column,
  type ForeignKey,
  type Inheritance,
  type Relation,
  readForeignKeys,
  readRelations,
} from "../sql/catalogue.js"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName, quoted } from "../sql/identifiers.js"
import type { Tables } from "../tables/resolve-tables.js"
import { type UniqueRule, uniqueRules } from "./unique-rules.js"

/** A table with columns that hold user ids. */
export interface ReferencingTable {
  oid: number
  /** As reports name it: `table` in the schema public, `schema.table` elsewhere. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  columns: Column[]
  /** Those of its columns that hold user ids. */
  userColumns: Column[]
  /** The unique rules that a change of a user id can run into. */
  rules: UniqueRule[]
  /** The check constraints that a change of a user id can run into. */
  checks: string[]
  /** Where a user id must be present before a column may hold it, apart from the user table. */
  parents: ParentKey[]
  /** Whether row-level security keeps rows of it from the role. */
  hidesRows: boolean
  /** Whether the role may read all of its user columns. */
  readable: boolean
  /** Whether it has triggers of the app. */
  hasTriggers: boolean
  isPartitioned: boolean
}

/** The target of a foreign key from a user id to a table that isn't the user table. */
export interface ParentKey {
  column: Column
  parent: number
  parentTarget: string
  parentColumn: string
}

/** Something in the schema that makes merging impossible. */
export interface ReferenceProblem {
  table: string
  /** The constraint or the column; undefined where it is the table as a whole. */
  constraint: string | undefined
  reason: string
}

/** Everything that holds the ids of users. */
export interface UserReferences {
  /** The user table; `id` is its key, quoted. */
  users: { oid: number; label: string; id: string }
  /** The tables to move, each one after those that its foreign keys lead to, as far as there is such an order. */
  tables: ReferencingTable[]
  /** The tables that hold user ids and are left alone. */
  left: ReferencingTable[]
  /** The oids of all tables that are left alone. */
  leftAlone: number[]
  /** Every foreign key of the tables from which users are reached, directly or through others. */
  keys: ForeignKey[]
  /**
   * The tables whose rows can go or change with a user; undefined when triggers may reach any
   * table.
   */
  within: number[] | undefined
  /** Whether triggers or checks can wait for the end of the transaction. */
  isDeferrable: boolean
  /** The tables that hold what a user signs in with, and that exist. */
  credentials: { oid: number; table: PgTable; userId: AnyPgColumn; isOfApp: boolean }[]
  problems: ReferenceProblem[]
}

/**
 * Finds every column of the database that holds ids of users: those with a foreign key that leads to the user table, directly or through
 * another such column, and the declared ones. Two queries, whatever the number of tables.
 * @param mergeTables the tables to leave alone, by their names in reports
 * @throws LazySetupError when a declared column, or a table of `mergeTables`, is not in the database
 */
export async function findReferences(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[] = [],
  mergeTables: Readonly<Record<string, "leave">> = {},
): Promise<UserReferences> {
  const { usersTable, accountsTable, sessionsTable, authenticatorsTable, passwordsTable } = tables
  const credentialColumns = [
    ...[accountsTable, sessionsTable, authenticatorsTable, ...(passwordsTable ? [passwordsTable] : [])].map(
      (table) => ({
        table: table as PgTable,
        userId: table.userId as AnyPgColumn,
        isOfApp: false,
      }),
    ),
    ...(tables.credentials ?? []).map((credential) => ({ ...credential, isOfApp: true })),
  ]
  const leaving = Object.keys(mergeTables).map(namesOfLabel)
  const { named, foreignKeys, inherited, within, isDeferrable } = await readForeignKeys(db, [
    ...[
      usersTable,
      ...credentialColumns.map(({ table }) => table),
      ...references.map(({ table }) => table as PgTable),
    ].map(qualifiedName),
    ...leaving.flat(),
  ])
  const users = named[0]
  if (users == null) throw new LazySetupError(`There is no table ${qualifiedName(usersTable)} in the database.`)
  const credentials = credentialColumns.flatMap((credential, position) => {
    const oid = named[1 + position]
    if (oid == null && credential.isOfApp)
      throw new LazySetupError(`LazyAdapter: credentials: there is no table ${qualifiedName(credential.table)}.`)
    return oid == null ? [] : [{ oid, ...credential }]
  })
  const oidsOfNames = named.slice(1 + credentialColumns.length + references.length)
  const leftOids = checkMergeTables(
    mergeTables,
    leaving.map((names) => oidsOfNames.splice(0, names.length)),
  )
  const declared = references.map((column, position) => {
    const oid = named[1 + credentialColumns.length + position]
    return { oid, column: columnName(db, column), where: `${qualifiedName(column.table as PgTable)}."${column.name}"` }
  })

  const id = columnName(db, usersTable.id)
  const holders = new UserIdColumns()
  holders.add(users, id)
  for (const { oid, column, where } of declared) {
    if (oid == null)
      throw new LazySetupError(`LazyAdapter: references: ${where} is not a column of a table in the database.`)
    holders.add(oid, column)
  }
  holders.follow(
    foreignKeys,
    inherited.filter(({ parent }) => parent !== users),
  )

  const isCredential = (oid: number) => credentials.some((credential) => credential.oid === oid)
  const problems: ReferenceProblem[] = foreignKeys
    .filter((key) => !isCredential(key.table) && !leftOids.includes(key.table))
    .flatMap((key) => {
      const reason = problemOf(key, holders, users, id)
      return reason ? [{ table: key.label, constraint: key.name, reason }] : []
    })

  const relations = await readRelations(
    db,
    holders.tables().filter((oid) => !isCredential(oid)),
  )
  const found: ReferencingTable[] = []
  for (const relation of relations) {
    const { oid, kind, label, target, hidesRows, hasTriggers, columns, uniqueIndexes, checks } = relation
    const isTable = ["r", "p"].includes(kind)
    if (oid === users && !isTable) problems.unshift({ table: label, constraint: undefined, reason: NO_TABLE })
    const missing = declared.find(
      (one) => one.oid === oid && !(isTable && columns.some(({ name }) => name === one.column)),
    )
    if (missing)
      throw new LazySetupError(`LazyAdapter: references: ${missing.where} is not a column of a table in the database.`)
    const userColumns = columns.filter(({ name }) => holders.has(oid, name) && !(oid === users && name === id))
    if (userColumns.length === 0) continue
    const keys = foreignKeys.filter((key) => key.table === oid && key.columns.length === 1)
    if (!leftOids.includes(oid)) problems.push(...columnProblems(relation, userColumns, keys))
    found.push({
      oid,
      label,
      target,
      columns,
      userColumns,
      ...uniqueRules(columns, userColumns, uniqueIndexes, checks),
      parents: keys.flatMap(({ columns: [name], parent, parentTarget, parentColumns: [parentColumn] }) => {
        const column = userColumns.find((column) => column.name === name)
        return column && parentColumn !== undefined && parent !== users
          ? [{ column, parent, parentTarget, parentColumn }]
          : []
      }),
      hidesRows,
      readable: userColumns.every(({ readable }) => readable),
      hasTriggers,
      isPartitioned: kind === "p",
    })
  }
  const label = relations.find(({ oid }) => oid === users)?.label as string
  const isLeft = ({ oid }: ReferencingTable) => leftOids.includes(oid)
  return {
    users: { oid: users, label, id: quoted(id) },
    tables: parentsFirst(found.filter((table) => !isLeft(table))),
    left: found.filter(isLeft),
    leftAlone: leftOids,
    keys: foreignKeys,
    within,
    isDeferrable: isDeferrable || within === undefined,
    credentials,
    problems,
  }
}

const NO_TABLE =
  "it is the user table, but no table to PostgreSQL (a view, or a foreign table), so no foreign key tells what hangs on its users"

/** Tells why the rows of a table can't be moved, apart from its foreign keys. */
function columnProblems({ label, hidesRows }: Relation, userColumns: Column[], keys: ForeignKey[]): ReferenceProblem[] {
  return userColumns.flatMap(({ name, generation, readable }) => {
    const own = keys.filter(({ columns }) => columns[0] === name)
    const constraint = own[0]?.name ?? name
    if (generation !== null) return [{ table: label, constraint, reason: "the column is generated" }]
    // With a foreign key, PostgreSQL itself finds the rows that are hidden from the role.
    if ((!hidesRows && readable) || own.some(({ enforced }) => enforced)) return []
    const why = readable ? "row-level security keeps rows of it from the role" : "the role may not read it"
    return [{ table: label, constraint, reason: `${why}, and no foreign key would tell whether some are left behind` }]
  })
}

/** The names that a table can have in a statement, made from the one it has in reports: names may have dots themselves. */
function namesOfLabel(label: string): string[] {
  const dots = [...label.matchAll(/\./g)].map(({ index }) => index)
  return [
    `public.${quoted(label)}`,
    ...dots.map((dot) => `${quoted(label.slice(0, dot))}.${quoted(label.slice(dot + 1))}`),
  ]
}

function checkMergeTables(
  mergeTables: Readonly<Record<string, unknown>>,
  oids: readonly (readonly (number | null)[])[],
): number[] {
  return Object.entries(mergeTables).map(([label, value], position) => {
    if (value !== "leave")
      throw new LazySetupError(
        `mergeTables: ${JSON.stringify(label)} is set to something else than "leave". Write: mergeTables: { ${JSON.stringify(label)}: "leave" }`,
      )
    const [oid, ...others] = (oids[position] ?? []).filter((oid) => oid !== null)
    if (oid === undefined)
      throw new LazySetupError(
        `mergeTables: there is no table ${label} in the database. Tables of the schema public go by their name, others as schema.table.`,
      )
    if (others.length > 0)
      throw new LazySetupError(
        `mergeTables: two tables are called ${label}, one of them with a dot in its name. Rename that one: alter table ${quoted(label)} rename to …;`,
      )
    return oid
  })
}

/** The columns known to hold user ids. */
class UserIdColumns {
  private readonly known = new Map<number, Set<string>>()

  add(table: number, column: string): void {
    this.known.set(table, (this.known.get(table) ?? new Set()).add(column))
  }

  has(table: number, column: string): boolean {
    return this.known.get(table)?.has(column) ?? false
  }

  tables(): number[] {
    return [...this.known.keys()]
  }

  /** Adds every column whose foreign key leads to a known one, and those that a table made with INHERITS has from a known one. */
  follow(foreignKeys: ForeignKey[], inherited: Inheritance[]): void {
    for (let grown = true; grown; ) {
      grown = false
      for (const { parent, child } of inherited) {
        for (const column of this.known.get(parent) ?? []) {
          if (this.has(child, column)) continue
          this.add(child, column)
          grown = true
        }
      }
      for (const { table, columns, parent, parentColumns } of foreignKeys) {
        const [column, parentColumn] = [columns[0], parentColumns[0]]
        if (columns.length !== 1 || column === undefined || parentColumn === undefined) continue
        if (!this.has(parent, parentColumn) || this.has(table, column)) continue
        this.add(table, column)
        grown = true
      }
    }
  }
}

/** Why rows with this foreign key can't be moved; undefined when they can, or need not be. */
function problemOf(key: ForeignKey, holders: UserIdColumns, users: number, id: string): string | undefined {
  const { table, columns, parent, parentColumns } = key
  if (parent === users && !parentColumns.includes(id))
    return "it references another column of the user table than the id"
  const holdsUser =
    columns.some((column) => holders.has(table, column)) || parentColumns.some((column) => holders.has(parent, column))
  if (columns.length > 1 && holdsUser) return "it holds the user id together with another column"
  if (table === users && columns[0] === id && holders.has(parent, parentColumns[0] as string))
    return "it makes the id of the user table depend on itself"
  return undefined
}

/** Foreign keys can form circles; the order inside one is that of the input. */
function parentsFirst(tables: ReferencingTable[]): ReferencingTable[] {
  const ordered = new Set<ReferencingTable>()
  const visit = (table: ReferencingTable, path: ReferencingTable[]) => {
    for (const { parent } of table.parents) {
      const next = tables.find(({ oid }) => oid === parent)
      if (next && !path.includes(next) && !ordered.has(next)) visit(next, [...path, next])
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table, [table])
  return [...ordered]
}
