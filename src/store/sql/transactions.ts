import { is, sql } from "drizzle-orm"
import { PgTransaction } from "drizzle-orm/pg-core"
import type { Database } from "./database.js"
import { type Engine, numbersTransactions } from "./engine/engine.js"
import { queryRows } from "./query.js"
import { sqlState } from "./sql-state.js"

const ATTEMPTS = 3
/**
 * serialization_failure and deadlock_detected:
 * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const ROLLED_BACK_FOR_ANOTHER = ["40001", "40P01"]

/**
 * Runs a transaction, and runs it again, up to three times in all, when PostgreSQL rolled it back
 * in favour of another one. A transaction within another one runs once, since both were rolled back.
 * @param mayWorkAgain tells which other errors are worth another try
 */
export function retryTransaction<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
  config?: Parameters<Database["transaction"]>[1],
  mayWorkAgain?: (error: unknown) => boolean,
): Promise<Result> {
  if (is(db, PgTransaction)) return db.transaction(work)
  return retry(() => db.transaction(work, config), mayWorkAgain)
}

/** Configures a transaction whose statements see what others committed before each of them. */
export const READ_COMMITTED = { isolationLevel: "read committed" } as const

/** The databases whose transactions begin in another isolation level. */
const begunOtherwise = new WeakSet<Database>()

/** The engine of a transaction, and its isolation level. */
interface Begun {
  engine: Engine
  isolation: string
}

/** Ends a transaction that has begun in another isolation level. */
class OtherIsolation extends Error {}

/**
 * Runs a transaction in READ COMMITTED as {@link retryTransaction} does. Sets the level only where
 * transactions begin in another one, which the first of them finds out: it is PostgreSQL's default,
 * and setting it costs a round trip. Other engines than PostgreSQL are always asked for it.
 * @param work must call `check` before it locks or changes anything
 */
export async function retryReadCommitted<Result>(
  db: Database,
  work: (tx: Database, check: (begun: Begun) => void) => Promise<Result>,
  mayWorkAgain?: (error: unknown) => boolean,
): Promise<Result> {
  const isSet = begunOtherwise.has(db)
  const check = ({ engine, isolation }: Begun) => {
    const isRight = engine.name === "PostgreSQL" && isolation === READ_COMMITTED.isolationLevel
    if (!isSet && !is(db, PgTransaction) && !isRight) throw new OtherIsolation(isolation)
  }
  const config = isSet ? READ_COMMITTED : undefined
  try {
    return await retryTransaction(db, (tx) => work(tx, check), config, mayWorkAgain)
  } catch (error) {
    if (!(error instanceof OtherIsolation)) throw error
    begunOtherwise.add(db)
    return retryReadCommitted(db, work, mayWorkAgain)
  }
}

/**
 * Runs a statement that is a transaction by itself, or a whole transaction, as
 * {@link retryTransaction} does.
 */
export async function retry<Result>(
  run: () => PromiseLike<Result>,
  mayWorkAgain = (_error: unknown): boolean => false,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt < STALE_ATTEMPTS && isStale(error)) continue
      if (attempt >= ATTEMPTS || !(isRolledBackForAnother(error) || mayWorkAgain(error))) throw error
    }
  }
}

/** Makes the writing methods of an adapter, each of which is one statement, run as by {@link retry}. */
export function retryWrites<Methods extends object>(methods: Methods): Methods {
  const retried =
    (method: Method): Method =>
    (...args) =>
      retry(() => method(...args))
  const entries = Object.entries<Method>(methods as Record<string, Method>)
  return Object.fromEntries(
    entries.map(([name, method]) => [name, READS.test(name) ? method : retried(method)]),
  ) as Methods
}

type Method = (...args: unknown[]) => Promise<unknown>

const READS = /^(get|list)/

/**
 * How often to try while a connection holds plans from before a column changed its type. Each try
 * meets one of them, which postgres.js then drops.
 */
const STALE_ATTEMPTS = 10

function isStale(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (cause as { routine?: unknown } | undefined)?.routine === "RevalidateCachedQuery"
}

function isRolledBackForAnother(error: unknown): boolean {
  return ROLLED_BACK_FOR_ANOTHER.includes(sqlState(error) ?? "")
}

/**
 * Remembers the current transaction. Call the returned function after code of the app has run: when
 * a connection is lost, postgres.js runs the rest of its transaction on another connection, each
 * statement by itself (https://github.com/porsager/postgres/pull/1155).
 * @returns a function that throws when the current transaction is another one; it can't tell on an
 * engine that gives transactions no ids
 */
export async function rememberTransaction(tx: Database, engine: Engine): Promise<() => Promise<void>> {
  if (!numbersTransactions(engine)) return async () => {}
  const current = async () => {
    const [row] = await queryRows<{ id: string | null }>(
      tx,
      sql`select pg_catalog.pg_current_xact_id_if_assigned()::text as id`,
    )
    return row?.id
  }
  const id = await current()
  return async () => {
    if ((await current()) !== id) throw connectionLost()
  }
}

/** Makes the error for a transaction that is not the one it was. */
export const connectionLost = () => new Error("The connection was lost in the middle of the transaction.")

/**
 * Runs the triggers and checks that wait for the end of the transaction, so that what they delete
 * can be counted and still be rolled back:
 * https://www.postgresql.org/docs/current/sql-set-constraints.html.
 */
export async function runDeferred(tx: Database): Promise<void> {
  await tx.execute(sql`set constraints all immediate`).execute()
}
