import { type SQL, sql } from "drizzle-orm"
import type { Column } from "../sql/catalogue/columns.js"
import type { KeyColumn } from "../sql/row-place.js"
import type { UniqueRule } from "./unique-rules.js"

/** Columns that together hold an old value and get a new one, such as the id of a user. */
export interface RowChange {
  columns: Column[]
  /**
   * Builds the condition for the columns to hold an old value; `prefix` is an alias with its dot,
   * or empty.
   */
  isOld(prefix: string): SQL
  /** Builds the value that replaces the old one in one of the columns. */
  newValue(column: Column, prefix: string): SQL
  /** Builds the condition for one of the columns to hold a new value. */
  isNew(column: Column, prefix: string): SQL
}

/** A table whose rows change, with the rules that can stop a change. */
export interface ChangingTable {
  oid: number
  /** The name in reports. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  columns: Column[]
  /** The columns of the primary key; none where there is none. */
  key: readonly KeyColumn[]
  /** Whether a row that changes can move to another partition, which counts as deleting it. */
  isPartitioned: boolean
  changes: RowChange[]
  /** The unique rules that a change can run into. */
  rules: UniqueRule[]
  /** The check constraints that a change can run into. */
  checks: string[]
  /** Where a new value must be present before the columns of a change may hold it. */
  parents: ParentOfChange[]
  /** Builds a condition for rows that stay as they are; undefined for none. */
  except: ((prefix: string) => SQL) | undefined
}

/** The target of a foreign key from the columns of a change. */
export interface ParentOfChange {
  /** The position of the change. */
  change: number
  /** The oid of the table. */
  parent: number
  /** Quoted, ready to select from. */
  target: string
  /** Their names, in the order of the columns of the change. */
  columns: string[]
  /** The collations to compare them by, in the same order; null where PostgreSQL can tell. */
  collations: (string | null)[]
}

/** Lists the columns that change, each once. */
export function changingColumns({ changes }: Pick<ChangingTable, "changes">): Column[] {
  return [...new Set(changes.flatMap(({ columns }) => columns))]
}

/**
 * Builds the condition for the rows of a table to change; `prefix` is an alias with its dot, or
 * empty.
 */
export function toChange(table: ChangingTable, prefix = ""): SQL {
  const { except } = table
  return except ? sql`${holdsOld(table, prefix)} and not ${except(prefix)}` : holdsOld(table, prefix)
}

/** Builds the condition for rows that hold an old value, including those that stay as they are. */
export function holdsOld({ changes }: Pick<ChangingTable, "changes">, prefix = ""): SQL {
  return sql`(${sql.join(
    changes.map((change) => change.isOld(prefix)),
    sql` or `,
  )})`
}

/** Builds the value of a column after the changes. */
export function replaced({ changes }: ChangingTable, column: Column, prefix = ""): SQL {
  return changes
    .filter(({ columns }) => columns.includes(column))
    .reduceRight<SQL>(
      (otherwise, change) =>
        sql`case when ${change.isOld(prefix)} then ${change.newValue(column, prefix)} else ${otherwise} end`,
      sql.raw(prefix + column.sql),
    )
}

/** Builds the condition for one of these columns to hold a new value. */
export function holdsNew({ changes }: ChangingTable, columns: Column[], prefix = ""): SQL {
  const parts = changes.flatMap((change) =>
    change.columns.filter((column) => columns.includes(column)).map((column) => change.isNew(column, prefix)),
  )
  return sql`(${sql.join(parts, sql` or `)})`
}
