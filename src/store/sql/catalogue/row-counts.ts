import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { type Engine, numbersTransactions, SERVER_NOW, type ServerNow } from "../engine/engine.js"
import { queryRepeated, queryRepeatedDocument } from "../query.js"
import { label } from "./names.js"

/** The rows that a transaction has deleted and changed so far, as PostgreSQL counts them. */
export interface DeletedSoFar {
  /** Whether PostgreSQL counts rows at all: the setting `track_counts`. */
  counted: boolean
  /**
   * The id of the transaction; null before it has locked or written a row, and on an engine that
   * gives transactions no ids.
   */
  transaction: string | null
  tables: {
    /** The topmost one of a partitioned table. */
    oid: number
    /** Its schema and its name. */
    name: [string, string]
    rows: number
    updated: number
  }[]
}

/**
 * Builds an expression for {@link DeletedSoFar}, as JSON, for a statement that reads other things
 * too. The numbers start from one that stays the same during the transaction.
 *
 * Uses the statistics of PostgreSQL, which miss no way for a row to go:
 * https://www.postgresql.org/docs/current/monitoring-stats.html. Reads them by functions, because
 * planning a join of catalogues would take as long as running it.
 * @param engine where it counts no rows, the expression names no table
 * @param among the oids of the tables to count in
 * @default all tables, which takes long where there are thousands
 */
export function deletedSoFar(engine: Engine, among?: readonly number[]): SQL {
  if (engine.countsRows) return counts(among && oids(among))
  const transaction = sql.raw(
    numbersTransactions(engine) ? "pg_catalog.pg_current_xact_id_if_assigned()::text" : "null",
  )
  return sql`pg_catalog.json_build_object('counted', false, 'transaction', ${transaction}, 'tables', pg_catalog.json_build_array())`
}

/** Reads {@link deletedSoFar} on an engine that counts rows. One query. */
export const readDeletedSoFar = (tx: Database, among?: readonly number[]) =>
  queryRepeatedDocument<DeletedSoFar>(tx, sql`select ${counts(among && oids(among))}::text as document`)

/** Reads {@link deletedSoFar} for all tables, with what can have changed on the server. One query. */
export const readDeletedNow = (tx: Database) =>
  queryRepeatedDocument<{ soFar: DeletedSoFar; server: ServerNow }>(
    tx,
    sql`select pg_catalog.json_build_object('soFar', ${counts(undefined)}, 'server', ${sql.raw(SERVER_NOW)})::text as document`,
  )

/**
 * Reads {@link deletedSoFar} for the given tables and for those that refer to one of them by now.
 * One query.
 */
export const readDeletedAround = (tx: Database, among?: readonly number[]) =>
  queryRepeatedDocument<DeletedSoFar>(tx, sql`select ${counts(among && withReferring(among))}::text as document`)

/**
 * Finds a table that refers to one of the given ones by now, and is none of them; undefined for
 * none. One query.
 */
export async function readReferringBeyond(tx: Database, among: readonly number[]): Promise<string | undefined> {
  const [found] = await queryRepeated<{ label: string }>(
    tx,
    sql`select ${label("class")} as label from pg_catalog.pg_class class
      where oid = any (${withReferring(among)}) and oid <> all (${oids(among)}) limit 1`,
  )
  return found?.label
}

/**
 * Builds an array from a parameter, which leaves the statement the same for all tables. PostgreSQL
 * can't see how long it is, and so plans the statement no better each time than once.
 */
const oids = (among: readonly number[]): SQL =>
  sql`array(select oid::oid from pg_catalog.json_array_elements_text(${JSON.stringify(among)}::text::json) as given (oid))`

const withReferring = (among: readonly number[]): SQL => sql`array(
  select known from pg_catalog.unnest(${oids(among)}) as known
  union
  select referring.conrelid from pg_catalog.unnest(${oids(among)}) as known cross join lateral (
    select objid from pg_catalog.pg_depend
    where refclassid = 'pg_catalog.pg_class'::regclass and refobjid = known and classid = 'pg_catalog.pg_constraint'::regclass
    offset 0
  ) as dependent
  cross join lateral (
    select conrelid from pg_catalog.pg_constraint
    where pg_constraint.oid = objid and contype = 'f' and confrelid = known
    offset 0
  ) as referring
)`

const counts = (among: SQL | undefined): SQL =>
  sql`pg_catalog.json_build_object(
  'counted', pg_catalog.current_setting('track_counts')::boolean,
  'transaction', pg_catalog.pg_current_xact_id_if_assigned()::text,
  'tables', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', coalesce(pg_catalog.pg_partition_root(oid)::oid, oid)::int8,
      'name', (pg_catalog.pg_identify_object_as_address('pg_catalog.pg_class'::regclass, coalesce(pg_catalog.pg_partition_root(oid)::oid, oid), 0)).object_names,
      'rows', pg_catalog.pg_stat_get_xact_tuples_deleted(oid),
      'updated', pg_catalog.pg_stat_get_xact_tuples_updated(oid)
    )), '[]')
    from pg_catalog.pg_class
    where relkind = 'r' and oid >= 16384 ${among ? sql`and oid = any (${among})` : sql``}
      and pg_catalog.pg_stat_get_xact_tuples_deleted(oid) + pg_catalog.pg_stat_get_xact_tuples_updated(oid) > 0
  )
)`
