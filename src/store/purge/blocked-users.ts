import { type SQL, sql } from "drizzle-orm"
import { isGone, isThere, refersTo, staysHere, withGone } from "../deletion/closure.js"
import { followsToward, forReading, type PurgeGraph } from "../deletion/graph.js"
import type { ForeignKey } from "../sql/catalogue/foreign-keys.js"
import type { Database } from "../sql/database.js"
import { queryRows } from "../sql/query.js"
import { isOneOf } from "./find-users.js"
import type { Candidate, HeldBack, Search } from "./job.js"

/**
 * Finds those of the users who can't go, because a row that stays refers to them or to a row that
 * would go with them. A row that goes with another of the users holds nobody back, unless that user
 * is held back too. One query, and one more each time it has found users.
 */
export async function findHeldBack(
  tx: Database,
  search: Search,
  whole: PurgeGraph,
  users: Candidate[],
): Promise<HeldBack> {
  const graph = forReading(whole)
  const heldBack: HeldBack = new Map()
  const { holds } = graph
  const follows = followsToward(graph, new Set(holds.flatMap(({ table, parent }) => [table, parent])))
  for (let free = users; holds.length > 0 && free.length > 0; free = free.filter(({ id }) => !heldBack.has(id))) {
    const gone = withGone({ search, graph, users: isOneOf(free, search.tables), follows, perUser: true })
    const perKey = sql.join(
      holds.map((key, position) => ownersHeldBackBy(search, graph, key, position)),
      sql` union `,
    )
    const found = await queryRows<{ owner: string; key: number }>(tx, sql`${gone} ${perKey}`)
    if (found.length === 0) break
    for (const { owner, key } of found) {
      const { label } = holds[key] as ForeignKey
      heldBack.set(owner, (heldBack.get(owner) ?? new Set()).add(label))
    }
  }
  return heldBack
}

/**
 * Finds the first of the users who can go, as many as there is room for, and those who are held
 * back. A user who stays because there is no room may hold back others.
 */
export async function findFree(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  users: Candidate[],
  room: number,
): Promise<{ free: Candidate[]; heldBack: HeldBack }> {
  const heldBack: HeldBack = new Map()
  for (let asked = users; ; ) {
    const found = await findHeldBack(tx, search, graph, asked)
    for (const [id, tables] of found) heldBack.set(id, tables)
    const free = users.filter(({ id }) => !heldBack.has(id)).slice(0, room)
    if (free.length === asked.length - found.size) return { free, heldBack }
    asked = free
  }
}

function ownersHeldBackBy(search: Search, graph: PurgeGraph, key: ForeignKey, position: number): SQL {
  return sql`
    select purge_gone.owner, ${sql.raw(String(position))} as key
    from purge_gone join ${sql.raw(key.parentTarget)} as parent on ${isGone(graph, key)}
    where exists (
      select from ${sql.raw(key.target)} as child
      where ${refersTo(key)}${isThere(search, graph, key)}
        and ${staysHere(graph, key)}
    )`
}
