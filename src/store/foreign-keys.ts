import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { type Column, type ForeignKey, readForeignKeys, readRelations } from "./catalogue.js"
import type { Database } from "./lazy-store.js"
import { columnName, qualifiedName, quoted } from "./table-names.js"
import type { Tables } from "./tables.js"
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
  constraint: string
  reason: string
}

/** Everything that holds the ids of users. */
export interface UserReferences {
  /** The user table; `id` is its key, quoted. */
  users: { oid: number; label: string; id: string }
  /** The tables to move, each one after those that its foreign keys lead to, as far as there is such an order. */
  tables: ReferencingTable[]
  /** The tables that hold what a user signs in with, and that exist. */
  credentials: { oid: number; table: PgTable; userId: AnyPgColumn; isOfApp: boolean }[]
  problems: ReferenceProblem[]
}

/**
 * Finds every column of the database that holds ids of users: those with a foreign key that leads to the user table, directly or through
 * another such column, and the declared ones. Two queries, whatever the number of tables.
 * @throws LazySetupError when a declared column is not in the database
 */
export async function findReferences(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[] = [],
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
  const { named, foreignKeys } = await readForeignKeys(
    db,
    [
      usersTable,
      ...credentialColumns.map(({ table }) => table),
      ...references.map(({ table }) => table as PgTable),
    ].map(qualifiedName),
  )
  const users = named[0]
  if (users == null) throw new LazySetupError(`There is no table ${qualifiedName(usersTable)} in the database.`)
  const credentials = credentialColumns.flatMap((credential, position) => {
    const oid = named[1 + position]
    if (oid == null && credential.isOfApp)
      throw new LazySetupError(`LazyAdapter: credentials: there is no table ${qualifiedName(credential.table)}.`)
    return oid == null ? [] : [{ oid, ...credential }]
  })
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
  holders.follow(foreignKeys)

  const isCredential = (oid: number) => credentials.some((credential) => credential.oid === oid)
  const problems = foreignKeys
    .filter((key) => !isCredential(key.table))
    .flatMap((key) => {
      const reason = problemOf(key, holders, users, id)
      return reason ? [{ table: key.label, constraint: key.name, reason }] : []
    })

  const relations = await readRelations(
    db,
    holders.tables().filter((oid) => !isCredential(oid)),
  )
  const found: ReferencingTable[] = []
  for (const { oid, kind, label, target, columns, uniqueIndexes, checks } of relations) {
    const isTable = ["r", "p"].includes(kind)
    const missing = declared.find(
      (one) => one.oid === oid && !(isTable && columns.some(({ name }) => name === one.column)),
    )
    if (missing)
      throw new LazySetupError(`LazyAdapter: references: ${missing.where} is not a column of a table in the database.`)
    const userColumns = columns.filter(({ name }) => holders.has(oid, name) && !(oid === users && name === id))
    if (userColumns.length === 0) continue
    const keys = foreignKeys.filter((key) => key.table === oid && key.columns.length === 1)
    for (const column of userColumns.filter(({ generation }) => generation !== null)) {
      const key = keys.find(({ columns }) => columns[0] === column.name)
      problems.push({ table: label, constraint: key?.name ?? column.name, reason: "the column is generated" })
    }
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
    })
  }
  const label = relations.find(({ oid }) => oid === users)?.label as string
  return { users: { oid: users, label, id: quoted(id) }, tables: parentsFirst(found), credentials, problems }
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

  /** Adds every column whose foreign key leads to a known one. */
  follow(foreignKeys: ForeignKey[]): void {
    for (let grown = true; grown; ) {
      grown = false
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
