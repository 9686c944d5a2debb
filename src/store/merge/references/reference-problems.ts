import type { TableColumn } from "../../sql/catalogue/columns.js"
import type { ForeignKey } from "../../sql/catalogue/foreign-keys.js"
import type { ReachedTable } from "../../sql/catalogue/reached-tables.js"
import { isTable } from "../../sql/catalogue/tables.js"
import type { UserIdColumns } from "./user-id-columns.js"

/** Something in the schema that makes merging impossible. */
export interface ReferenceProblem {
  table: string
  /** The constraint or the column; undefined where it is the table as a whole. */
  constraint: string | undefined
  /** The end of a sentence. */
  reason: string
}

/** Finds foreign keys whose rows can't be moved to another user. */
export function keyProblems(keys: ForeignKey[], holders: UserIdColumns, users: number, id: string): ReferenceProblem[] {
  return keys.flatMap((key) => {
    const reason = keyProblem(key, holders, users, id)
    return reason ? [{ table: key.label, constraint: key.name, reason }] : []
  })
}

function keyProblem(key: ForeignKey, holders: UserIdColumns, users: number, id: string): string | undefined {
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

/** Finds columns with user ids that can't be changed, or that the role can't see in every row. */
export function columnProblems(
  { label, hidesRows, userColumns }: { label: string; hidesRows: boolean; userColumns: TableColumn[] },
  keys: ForeignKey[],
): ReferenceProblem[] {
  return userColumns.flatMap(({ name, generation, readable }) => {
    const own = keys.filter(({ columns }) => columns[0] === name)
    const constraint = own[0]?.name ?? name
    if (generation !== null) return [{ table: label, constraint, reason: GENERATED }]
    // With a foreign key, PostgreSQL itself finds the rows that are hidden from the role.
    if ((!hidesRows && readable) || own.some(({ enforced }) => enforced)) return []
    const why = readable ? "row-level security hides rows of it from the role" : "the role may not read it"
    return [{ table: label, constraint, reason: `${why}, and no foreign key would tell whether some are left behind` }]
  })
}

/** Says that a column with user ids is generated, so that no statement can change it. */
export const GENERATED = "the column is generated"

/** Finds out whether the user table is a table. */
export function userTableProblems({ label, kind }: ReachedTable): ReferenceProblem[] {
  if (isTable(kind)) return []
  const reason =
    "it is the user table, but a view or a foreign table, so no foreign key tells which rows belong to a user"
  return [{ table: label, constraint: undefined, reason }]
}
