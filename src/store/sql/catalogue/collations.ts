import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument } from "../query.js"

/** The oids of the collations of two columns that a foreign key compares; 0 for none. */
export interface CollatedPair {
  child: number
  parent: number
}

/** The default collation. */
const DEFAULT = 100

/**
 * Reads by which collation to compare each pair of columns. PostgreSQL can't choose between two
 * that differ, unless one is the default; deterministic ones agree on what is equal. One query, or
 * none where PostgreSQL can tell.
 * @returns a function from a pair to the collation, quoted; null where PostgreSQL can tell
 */
export async function readCollations(
  db: Database,
  pairs: readonly CollatedPair[],
): Promise<(pair: CollatedPair) => string | null> {
  const unclear = pairs.filter(isUnclear)
  if (unclear.length === 0) return () => null
  const chosen = await queryDocument<string[]>(
    db,
    sql`
    select pg_catalog.json_agg((
      select pg_catalog.format('%I.%I', nspname, collname)
      from pg_catalog.pg_collation
      join pg_catalog.pg_namespace on pg_namespace.oid = collnamespace
      where pg_collation.oid in (child, parent)
      order by collisdeterministic, pg_collation.oid = child desc
      limit 1
    ) order by position)::text as document
    from (values ${sql.raw(unclear.map(({ child, parent }, n) => `(${n}, ${child}::oid, ${parent}::oid)`).join(", "))})
      as pair (position, child, parent)`,
  )
  const same = (one: CollatedPair) => (other: CollatedPair) => one.child === other.child && one.parent === other.parent
  return (pair) => chosen[unclear.findIndex(same(pair))] ?? null
}

const isUnclear = ({ child, parent }: CollatedPair) => child !== parent && child !== DEFAULT && parent !== DEFAULT
