import { sql } from "drizzle-orm"
import type { Database } from "./database.js"
import { queryRows } from "./query.js"

/**
 * Remembers the transaction; the function it returns throws when that is not the current one any more. postgres.js runs what is left of
 * a transaction whose connection was lost on the connection that takes its place, each statement by itself
 * (https://github.com/porsager/postgres/pull/1155): after a long wait for somebody else's code, nothing may be written unchecked.
 */
export async function rememberTransaction(tx: Database): Promise<() => Promise<void>> {
  const current = async () => {
    const [row] = await queryRows<{ id: string | null }>(tx, sql`select pg_current_xact_id_if_assigned()::text as id`)
    return row?.id
  }
  const id = await current()
  return async () => {
    if ((await current()) !== id) throw connectionLost()
  }
}

/** What is said of it. */
export const connectionLost = () => new Error("The connection was lost in the middle of the transaction.")
