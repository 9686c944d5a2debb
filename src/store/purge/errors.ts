import { LazyError, OtherUsersError } from "../../errors.js"
import type { PurgeGraph } from "../deletion/graph.js"
import type { Engine } from "../sql/engine/engine.js"
import { isLack } from "../sql/engine/refuse-on-engine.js"
import { FOREIGN_KEY_VIOLATIONS, sqlState } from "../sql/sql-state.js"
import { brokenConstraint } from "../sql/violation.js"

// The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
const TRANSIENT = ["40001", "40P01", "55P03"]
const ENDS_EVERYTHING = /^(08|53|58|57P0[1-3]|42501)/

/** Says that `onPurge` threw, which fails the users of its batch and not the purge. */
export class PurgeHookError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Tells whether an error ends the purge because it does not concern single users: the connection is
 * gone, PostgreSQL shuts down or has no room left, the role or the setup is wrong, or the engine
 * lacks something.
 */
export function endsPurge(error: unknown, engine: Engine): boolean {
  if (error instanceof PurgeHookError || error instanceof OtherUsersError) return false
  const state = sqlState(error)
  return error instanceof LazyError || state === undefined || ENDS_EVERYTHING.test(state) || isLack(error, engine)
}

/** Tells whether another try may work: another transaction had locked or changed the same rows. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.includes(sqlState(error) ?? "")
}

/**
 * Names the table whose rows keep a user from going, as in reports, and of a partition the topmost
 * table; undefined for other errors.
 */
export function tableInTheWay(error: unknown, { users, partitions }: PurgeGraph): string | undefined {
  if (error instanceof OtherUsersError) return users.label
  if (!FOREIGN_KEY_VIOLATIONS.includes(sqlState(error) ?? "")) return undefined
  const { schema, table } = brokenConstraint(error) ?? {}
  const place = schema === undefined || schema === "public" ? table : `${schema}.${table}`
  return place && (partitions.get(place) ?? place)
}
