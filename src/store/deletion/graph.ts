import { LazySetupError } from "../../errors.js"
import { type ForeignKey, readForeignKeys } from "../sql/catalogue/foreign-keys.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import type { Tables } from "../tables/resolve-tables.js"

/** What the foreign keys of a database mean for the deletion of users. */
export interface PurgeGraph {
  /** The user table. */
  users: { oid: number; label: string }
  /** The keys along which rows go with users: for each, when a row goes then so do those that refer to it. */
  follows: ForeignKey[]
  /** The keys that hold users back: a row that goes may not be referred to by one that stays. */
  holds: ForeignKey[]
  /** The tables whose rows have to go before those they refer to; their oids. */
  first: Set<number>
  /** The tables whose rows can hang on several users, and go, or hold users back, with each of them; their oids. */
  shared: Set<number>
  /**
   * The tables whose rows can go or change with users; undefined when triggers may reach any table.
   */
  within: number[] | undefined
}

/**
 * Reads the foreign keys that matter to the deletion of users.
 *
 * No user goes because another one does: a key from the user table itself is never followed, but holds back, also where it has ON DELETE CASCADE.
 * @param cascade whether rows that refer to what goes by NO ACTION or RESTRICT go, too
 * @throws LazySetupError when there is no user table
 */
export async function readPurgeGraph(db: Database, { usersTable }: Tables, cascade: boolean): Promise<PurgeGraph> {
  const name = qualifiedName(usersTable)
  const { named, foreignKeys, within } = await readForeignKeys(db, [name])
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
  }
}

/** Those of the keys to follow that lead, through however many tables, from users to one of some tables. */
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
 * A row of a table with a single key refers to a single row, and so it hangs on a single user, if that goes for the other row. Each user is one on its
 * own already. Of keys that can mean a period of time, or a single partition, it isn't taken for granted.
 */
function sharedTables(users: number, keys: ForeignKey[]): Set<number> {
  const tables = keys.map(({ table }) => table)
  const shared = keys.filter(
    ({ table, columns, isPartial }) =>
      table === users || columns.length > 1 || isPartial || tables.indexOf(table) !== tables.lastIndexOf(table),
  )
  return new Set(shared.map(({ table }) => table))
}

/** Those of the keys that can be reached from a table by following them, and the tables that they reach. */
function reachable(start: number, keys: ForeignKey[]): { follows: ForeignKey[]; tables: Set<number> } {
  const tables = new Set([start])
  // What is added to a set while it is walked is walked, too.
  for (const table of tables) for (const key of keys) if (key.parent === table) tables.add(key.table)
  return { follows: keys.filter(({ parent }) => tables.has(parent)), tables }
}
