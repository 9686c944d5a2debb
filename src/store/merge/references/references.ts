import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Column } from "../../sql/catalogue/columns.js"
import type { Engine } from "../../sql/catalogue/engine.js"
import type { ForeignKey } from "../../sql/catalogue/foreign-keys.js"
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
  columns: Column[]
  /** The columns of the primary key; none where there is none. */
  key: readonly KeyColumn[]
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
  /** Whether the app has an enabled trigger on it. */
  hasTriggers: boolean
  isPartitioned: boolean
}

/** The target of a foreign key from a user id to a table that isn't the user table. */
interface ParentKey {
  column: Column
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
  /** Whether triggers or checks can wait for the end of the transaction. */
  isDeferrable: boolean
  /** The tables that hold what a user signs in with, and that exist. */
  credentials: { oid: number; table: PgTable; userId: AnyPgColumn; isOfApp: boolean }[]
  problems: ReferenceProblem[]
}
