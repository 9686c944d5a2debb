import { LazySetupError } from "../../errors.js"
import { type ForeignKey, readForeignKeys } from "../sql/catalogue/foreign-keys.js"
import type { Database } from "../sql/database.js"
import type { Engine } from "../sql/engine/engine.js"
import { qualifiedName } from "../sql/identifiers.js"
import type { RowKeys } from "../sql/row-place.js"
import type { Tables } from "../tables/resolve-tables.js"

/**
 * The meaning of the foreign keys of a database for the deletion of users. Tables are given by
 * their oids.
 */
export interface PurgeGraph {
  /** The user table. */
  users: { oid: number; label: string }
  /** The keys along which rows go with users: when a row goes, the rows that refer to it go too. */
  follows: ForeignKey[]
  /** The keys that hold users back: a row that goes may not be referred to by one that stays. */
  holds: ForeignKey[]
  /** The tables whose rows must go before the rows they refer to. */
  first: Set<number>
  /**
   * The tables whose rows can belong to several users, and go, or hold users back, with each of
   * them.
   */
  shared: Set<number>
  /**
   * The tables whose rows can go or change with users; undefined when triggers may reach any table.
   */
  within: number[] | undefined
  /** The topmost table of each partition, both by their names in reports. */
  partitions: ReadonlyMap<string, string>
  /** The primary keys of all of these tables. */
  rowKeys: RowKeys
  engine: Engine
}

/**
 * Reads the foreign keys that matter to the deletion of users.
 *
 * No user goes because another one does: a key of the user table itself is never followed, but
 * holds back, even with ON DELETE CASCADE.
 * @param cascade whether rows go that refer to deleted rows by NO ACTION or RESTRICT
 * @throws LazySetupError when there is no user table
 */
export async function readPurgeGraph(db: Database, { usersTable }: Tables, cascade: boolean): Promise<PurgeGraph> {
  const name = qualifiedName(usersTable)
  const { named, foreignKeys, partitions, within, engine, rowKeys } = await readForeignKeys(db, [name])
  const oid = named[0]
  if (oid == null) throw new LazySetupError(`There is no table ${name} in the database.`)

  const effective = foreignKeys.filter(({ onDelete, enforced }) => enforced && onDelete !== "set")
  const isFollowed = (key: ForeignKey) => key.table !== oid && (key.onDelete === "cascade" || cascade)
  const { follows, tables } = reachable(oid, effective.filter(isFollowed))
  const holds = effective.filter((key) => tables.has(key.parent) && !isFollowed(key))
  const restricting = effective.filter((key) => tables.has(key.parent) && key.onDelete === "restrict")
  const first = restricting.map(({ table }) => table).filter((table) => table !== oid && tables.has(table))
  return {
    users: { oid, label: foreignKeys.find(({ parent }) => parent === oid)?.parentLabel ?? name },
    follows,
    holds,
    first: new Set(first),
    shared: sharedTables(oid, [...follows, ...holds]),
    within,
    partitions,
    engine,
    rowKeys,
  }
}

/**
 * Returns the graph for statements that only read, or that see the same rows throughout. PostgreSQL
 * keeps each row that such a statement sees where it is, and finds it there faster than by its key.
 */
export const forReading = (graph: PurgeGraph): PurgeGraph =>
  graph.engine.name === "PostgreSQL" ? { ...graph, rowKeys: {} } : graph

/** Picks the keys that lead from users to one of the tables, through any number of tables. */
export function followsToward({ follows }: PurgeGraph, tables: ReadonlySet<number>): ForeignKey[] {
  const wanted = new Set(tables)
  const leading = new Set<ForeignKey>()
  for (let grown = true; grown; ) {
    grown = false
    for (const key of follows) {
      if (leading.has(key) || !wanted.has(key.table)) continue
      leading.add(key)
      wanted.add(key.parent)
      grown = true
    }
  }
  return follows.filter((key) => leading.has(key))
}

/**
 * Finds the tables whose rows can belong to several users. A row with a single key belongs to one,
 * if that is true for the row it refers to; keys with periods or to single partitions are not
 * trusted.
 */
function sharedTables(users: number, keys: ForeignKey[]): Set<number> {
  const tables = keys.map(({ table }) => table)
  const shared = keys.filter(
    ({ table, columns, isPartial }) =>
      table === users || columns.length > 1 || isPartial || tables.indexOf(table) !== tables.lastIndexOf(table),
  )
  return new Set(shared.map(({ table }) => table))
}

/** Picks the keys that can be reached by following them from a table, and the tables they reach. */
function reachable(start: number, keys: ForeignKey[]): { follows: ForeignKey[]; tables: Set<number> } {
  const tables = new Set([start])
  // A loop over a set also visits what is added meanwhile.
  for (const table of tables) for (const key of keys) if (key.parent === table) tables.add(key.table)
  return { follows: keys.filter(({ parent }) => tables.has(parent)), tables }
}
