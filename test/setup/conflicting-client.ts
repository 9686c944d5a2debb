import type postgres from "postgres"
import { randomNumbers } from "./random-numbers.js"

/** How often in a row the commits of one transaction fail: once less than the library tries. */
const MOST_IN_A_ROW = 2

/**
 * Decides which commits fail, as on an engine that finds conflicts only then. The same seed decides
 * the same way for the same statements.
 */
export class Conflicts {
  /** How many commits have failed. */
  failed = 0
  /** Makes every commit fail. */
  always = false
  /** How often the transactions that are tried again have failed so far. */
  private readonly inARow = new Map<string, number>()
  private readonly draw: () => number

  /** @param rate how many of the commits fail, from 0 to 1 */
  constructor(
    seed: number,
    private readonly rate = 0.5,
  ) {
    this.draw = randomNumbers(seed)
  }

  /** Draws whether the commit of a transaction fails. */
  strikes(transaction: string): boolean {
    const before = this.inARow.get(transaction) ?? 0
    const fails = this.always || (this.draw() < this.rate && before < MOST_IN_A_ROW)
    this.inARow.set(transaction, fails ? before + 1 : 0)
    if (fails) this.failed++
    return fails
  }
}

/** The statements of a transaction that lock or write rows, with their parameters. */
type Statements = string[]

/**
 * Wraps a client of postgres.js so that commits fail with SQLSTATE 40001: those of transactions,
 * which the server rolls back, and of single statements that write, which it never gets.
 */
export function conflictingClient(client: postgres.Sql, conflicts: Conflicts): postgres.Sql {
  return withMethods(client, {
    unsafe(text: string, params: unknown[] = [], options?: object) {
      // By its text alone: each try of an INSERT has ids and times of its own.
      if (writes(text) && conflicts.strikes(text)) return refused()
      return client.unsafe(text, params as never[], options)
    },
    begin: (work: (tx: postgres.TransactionSql) => Promise<unknown>) =>
      client.begin(async (tx) => {
        const statements: Statements = []
        const result = await work(recorded(tx, statements))
        const [first] = statements
        if (first !== undefined && !onlyReads(statements) && conflicts.strikes(first)) throw serializationFailure()
        return result
      }),
  })
}

function recorded(tx: postgres.TransactionSql, statements: Statements): postgres.TransactionSql {
  return withMethods(tx, {
    unsafe(text: string, params: unknown[] = [], options?: object) {
      if (writes(text) || locks(text) || READ_ONLY.test(text)) statements.push(JSON.stringify([text, params]))
      return tx.unsafe(text, params as never[], options)
    },
    savepoint: (work: (tx: postgres.TransactionSql) => Promise<unknown>) =>
      tx.savepoint((inner) => work(recorded(inner, statements))),
  })
}

export function withMethods<Client extends object>(client: Client, methods: Record<string, unknown>): Client {
  return new Proxy(client, {
    get: (target, name) => (typeof name === "string" && methods[name]) || Reflect.get(target, name),
  })
}

const writes = (text: string) =>
  /^\s*(insert|update|delete|with)\b/i.test(text) && /\b(insert|update|delete)\b/i.test(withoutStrings(text))

const locks = (text: string) => /\bfor (no key )?update\b/i.test(text)

const withoutStrings = (text: string) => text.replaceAll(/'[^']*'/g, "''")

const READ_ONLY = /\bread only\b/i

/** Tells whether a transaction was declared to read only, so that no other one can be in its way. */
const onlyReads = ([first = ""]: Statements) => READ_ONLY.test(first)

/** Stands for a query of postgres.js that fails. */
function refused() {
  const failure = () => Promise.reject(serializationFailure())
  // biome-ignore lint/suspicious/noThenProperty: queries of postgres.js are sent when they are awaited
  return { values: failure, then: (done: () => void, failed: (error: unknown) => void) => failure().then(done, failed) }
}

function serializationFailure(): Error {
  const message = "could not serialize access due to read/write dependencies among transactions"
  return Object.assign(new Error(message), { name: "PostgresError", severity: "ERROR", code: "40001" })
}
