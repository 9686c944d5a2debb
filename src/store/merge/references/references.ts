import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { TableColumn } from "../../sql/catalogue/columns.js"
import type { ForeignKey } from "../../sql/catalogue/foreign-keys.js"
import type { ReachedTable } from "../../sql/catalogue/reached-tables.js"
import type { Engine } from "../../sql/engine/engine.js"
import type { KeyColumn, RowKeys } from "../../sql/row-place.js"
import type { UniqueRule } from "../unique-rules.js"
import type { ReferenceProblem } from "./reference-problems.js"

/** A table with columns that hold user ids. */
export interface ReferencingTable {
  oid: number
  /** The name in reports: `table` in the schema public, `schema.table` elsewhere. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  columns: TableColumn[]
  /** The columns of the primary key; none where there is none. */
  key: readonly KeyColumn[]
  /** Those of its columns that hold user ids. */
  userColumns: TableColumn[]
  /** Where a user id must be present before a column may hold it, apart from the user table. */
  parents: ParentKey[]
  /** Whether row-level security keeps rows of it from the role. */
  hidesRows: boolean
  /** Whether the role may read all of its user columns. */
  readable: boolean
  isPartitioned: boolean
  /** Whether a unique rule or a check may depend on a column that holds user ids. */
  mayHaveRules: boolean
}

/** {@link UserReferences} with the rules of the tables to move. */
export type RuledReferences = Omit<UserReferences, "tables"> & { tables: RuledTable[] }

/** A table with the rules that a change of a user id can run into. */
export interface RuledTable extends ReferencingTable {
  /** The unique rules. */
  rules: UniqueRule[]
  /** The check constraints. */
  checks: string[]
}

/** The target of a foreign key from a user id to a table that isn't the user table. */
interface ParentKey {
  column: TableColumn
  parent: number
  parentTarget: string
  parentColumn: string
  /** See {@link ForeignKey.collations}. */
  collation: string | null
}

/** Everything that holds the ids of users. */
export interface UserReferences {
  /** The user table; `id` is its key, quoted, and `secret` the column of password hashes. */
  users: { oid: number; label: string; id: string; secret?: string | undefined }
  /** The tables to move, each before those that refer to it; in a circle, in any order. */
  tables: ReferencingTable[]
  /** The tables that hold user ids and are left alone. */
  left: ReferencingTable[]
  /** The oids of all tables that are left alone. */
  leftAlone: number[]
  /** All tables from which users are reached, directly or through others, by their oids. */
  reached: ReadonlyMap<number, ReachedTable>
  /** The topmost table of each partition, both by their names in reports. */
  partitions: ReadonlyMap<string, string>
  /** Every foreign key of the tables from which users are reached, directly or through others. */
  keys: ForeignKey[]
  /**
   * The tables whose rows can go or change with a user; undefined when triggers may reach any
   * table.
   */
  within: number[] | undefined
  /** The primary keys of all of these tables. */
  rowKeys: RowKeys
  engine: Engine
  /** The isolation level of the transaction that they were read in. */
  isolation: string
  /** Whether triggers or checks can wait for the end of the transaction. */
  isDeferrable: boolean
  /** The tables that hold what a user signs in with, and that exist. */
  credentials: { oid: number; table: PgTable; userId: AnyPgColumn; isOfApp: boolean }[]
  problems: ReferenceProblem[]
}
