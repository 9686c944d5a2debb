import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../../errors.js"
import { isAssumed, neededColumns } from "../../sql/catalogue/assumed-tables.js"
import { type ForeignKey, readForeignKeys } from "../../sql/catalogue/foreign-keys.js"
import type { ReachedTable } from "../../sql/catalogue/reached-tables.js"
import { readVisibility } from "../../sql/catalogue/rights.js"
import { isTable } from "../../sql/catalogue/tables.js"
import type { Database } from "../../sql/database.js"
import { columnName, qualifiedName, quoted } from "../../sql/identifiers.js"
import type { Tables } from "../../tables/resolve-tables.js"
import { checkMergeTables, namesOfLabel, refusePartitions } from "./left-tables.js"
import { columnProblems, keyProblems, userTableProblems } from "./reference-problems.js"
import type { ReferencingTable, UserReferences } from "./references.js"
import { UserIdColumns } from "./user-id-columns.js"

/**
 * Finds every column of the database that holds ids of users: those with a foreign key that leads
 * to the user table, directly or through another such column, and the declared ones. One query for
 * any number of tables, and another one where row-level security may hide rows.
 * @param references the declared columns
 * @param mergeTables the tables to leave alone, by their names in reports
 * @throws LazySetupError when a declared column, or a table of `mergeTables`, is not in the
 * database
 */
export async function findReferences(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[] = [],
  mergeTables: Readonly<Record<string, "leave">> = {},
): Promise<UserReferences> {
  const { usersTable, legacyHash } = tables
  const credentialColumns = credentialColumnsOf(tables)
  const leaving = Object.keys(mergeTables).map(namesOfLabel)
  const reach = await readForeignKeys(db, [
    ...[
      usersTable,
      ...credentialColumns.map(({ table }) => table),
      ...references.map(({ table }) => table as PgTable),
    ].map(qualifiedName),
    ...leaving.flat(),
  ])
  const { named, tables: reached, foreignKeys, inherited, partitions, within, isDeferrable } = reach
  const { engine, isolation, rowKeys } = reach
  // Their oids come back in the order of the names.
  const rest = [...named]
  const [users] = rest.splice(0, 1)
  if (users == null) throw new LazySetupError(`There is no table ${qualifiedName(usersTable)} in the database.`)
  const credentials = found(credentialColumns, rest.splice(0, credentialColumns.length), reached)
  const declared = declaredColumns(db, references, rest.splice(0, references.length))
  const leftAlone = checkMergeTables(
    mergeTables,
    leaving.map((names) => rest.splice(0, names.length)),
  )

  const id = columnName(db, usersTable.id)
  const holders = new UserIdColumns()
  holders.add(users, id)
  for (const { oid, column } of declared) holders.add(oid, column)
  holders.follow(
    foreignKeys,
    inherited.filter(({ parent }) => parent !== users),
  )

  const isCredential = (oid: number) => credentials.some((credential) => credential.oid === oid)
  const isLeft = ({ oid }: { oid: number }) => leftAlone.includes(oid)
  const relations = [...reached.values()].filter(({ oid }) => holders.holds(oid) && !isCredential(oid))
  const hidden = await readHidden(db, relations)
  refusePartitions(mergeTables, leftAlone, relations)
  for (const { oid, column, where } of declared) {
    const table = relations.find((relation) => relation.oid === oid)
    if (table && !(isTable(table.kind) && table.columns.some(({ name }) => name === column))) throw notThere(where)
  }
  const own = reached.get(users) as ReachedTable
  const problems = [
    ...userTableProblems(own),
    ...keyProblems(
      foreignKeys.filter(({ table }) => !isCredential(table) && !leftAlone.includes(table)),
      holders,
      users,
      id,
    ),
  ]
  const referencing = relations.flatMap((relation) => {
    const { oid, columns } = relation
    const userColumns = columns.filter(({ name }) => holders.has(oid, name) && !(oid === users && name === id))
    if (userColumns.length === 0) return []
    const keys = foreignKeys.filter(({ table, columns }) => table === oid && columns.length === 1)
    const table = referencingTable(relation, userColumns, keys, users, hidden.has(oid))
    if (!isLeft(relation)) problems.push(...columnProblems(table, keys))
    return [table]
  })
  return {
    users: { oid: users, label: own.label, id: quoted(id), secret: legacyHash && columnName(db, legacyHash.column) },
    tables: parentsFirst(referencing.filter((table) => !isLeft(table))),
    left: referencing.filter(isLeft),
    leftAlone,
    reached,
    partitions,
    keys: foreignKeys,
    within,
    engine,
    isolation,
    rowKeys,
    isDeferrable: isDeferrable || within === undefined,
    credentials,
    problems,
  }
}

type CredentialColumn = Omit<UserReferences["credentials"][number], "oid">

/** Lists the columns with the user of everything that a user signs in with. */
function credentialColumnsOf(tables: Tables): CredentialColumn[] {
  const { accountsTable, sessionsTable, authenticatorsTable, passwordsTable, credentials = [] } = tables
  const own = [accountsTable, sessionsTable, authenticatorsTable, ...(passwordsTable ? [passwordsTable] : [])]
  return [
    ...own.map((table) => ({ table: table as PgTable, userId: table.userId as AnyPgColumn, isOfApp: false })),
    ...credentials.map((credential) => ({ ...credential, isOfApp: true })),
  ]
}

/** Finds the tables of which row-level security hides rows. One query, or none where it is off. */
async function readHidden(db: Database, tables: readonly ReachedTable[]): Promise<ReadonlySet<number>> {
  const secured = tables.filter((table) => table.secured).map(({ oid }) => oid)
  if (secured.length === 0) return new Set()
  const sight = await readVisibility(db, undefined, secured)
  return new Set(sight.filter(({ hidesRows }) => hidesRows).map(({ oid }) => oid))
}

/**
 * Adds their oids to the tables. Leaves out tables that the app does not have: those of Auth.js that
 * are missing, and strangers under the name of one that the app has not passed.
 */
function found(
  columns: CredentialColumn[],
  oids: (number | null)[],
  reached: ReadonlyMap<number, ReachedTable>,
): UserReferences["credentials"] {
  return columns.flatMap((credential, position) => {
    const oid = oids[position]
    if (oid == null && credential.isOfApp)
      throw new LazySetupError(`LazyAdapter: credentials: there is no table ${qualifiedName(credential.table)}.`)
    if (oid == null || isStranger(credential.table, reached.get(oid))) return []
    return [{ oid, ...credential }]
  })
}

function isStranger(table: PgTable, found: ReachedTable | undefined): boolean {
  const isThere = (needed: string) => found?.columns.some(({ name }) => name === needed)
  return isAssumed(table) && !neededColumns(table).every(isThere)
}

function declaredColumns(
  db: Database,
  references: readonly AnyPgColumn[],
  oids: (number | null)[],
): { oid: number; column: string; where: string }[] {
  return references.map((column, position) => {
    const oid = oids[position]
    const where = `${qualifiedName(column.table as PgTable)}."${column.name}"`
    if (oid == null) throw notThere(where)
    return { oid, column: columnName(db, column), where }
  })
}

const notThere = (where: string) =>
  new LazySetupError(
    `LazyAdapter: references: ${where} is not a column of a table in the database. Migrate the table, or remove the column from references.`,
  )

function referencingTable(
  { oid, label, target, kind, columns, key, plainKeys, hasOtherRules }: ReachedTable,
  userColumns: ReferencingTable["userColumns"],
  keys: ForeignKey[],
  users: number,
  hidesRows: boolean,
): ReferencingTable {
  return {
    oid,
    label,
    target,
    columns,
    key,
    userColumns,
    parents: keys.flatMap(
      ({ columns: [name], parent, parentTarget, parentColumns: [parentColumn], collations: [collation = null] }) => {
        const column = userColumns.find((column) => column.name === name)
        return column && parentColumn !== undefined && parent !== users
          ? [{ column, parent, parentTarget, parentColumn, collation }]
          : []
      },
    ),
    hidesRows,
    readable: userColumns.every(({ readable }) => readable),
    isPartitioned: kind === "p",
    mayHaveRules: hasOtherRules || userColumns.some(({ name }) => plainKeys.some((names) => names.includes(name))),
  }
}

/** Orders tables after those that their foreign keys lead to; within a circle, as they come. */
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
