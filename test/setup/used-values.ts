import { inspect } from "node:util"
import type { PGlite } from "@electric-sql/pglite"
import { drizzle as drizzleNodePostgres } from "drizzle-orm/node-postgres"
import { drizzle as drizzlePglite } from "drizzle-orm/pglite"
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import type pg from "pg"
import type postgres from "postgres"
import type { Database } from "../../src/drizzle.js"
import type { TestDatabase } from "./databases.js"

/** Collects the parameters of statements, to find them in logs and errors. */
export class UsedValues {
  readonly values = new Set<string>()

  /** Returns the database with a Drizzle logger that collects the parameters. */
  watch(driver: string, { db }: TestDatabase): Database {
    const logger = {
      // Catalogue queries pass the names of constraints and tables, which errors may contain.
      logQuery: (statement: string, values: unknown[]) =>
        /from pg_catalog\.pg_(index|constraint|class)\b/.test(statement) || this.#note(values),
    }
    const client: unknown = (db as { $client?: unknown }).$client
    if (driver === "postgres.js") return drizzlePostgres(client as postgres.Sql, { logger })
    if (driver === "node-postgres") return drizzleNodePostgres(client as pg.Pool, { logger })
    return drizzlePglite(client as PGlite, { logger })
  }

  #note(values: unknown[]): void {
    for (const value of values.flat(9)) if (typeof value === "string") this.values.add(value)
  }

  /**
   * Finds the collected values in a text. Values shorter than a token, and names of tables and
   * constraints, are no secrets.
   */
  in(text: string): string[] {
    const isName = (value: string) => value.includes('"') || /^\w+_(pkey|fkey|key|unique|check|idx)$/.test(value)
    return [...this.values].filter((value) => value.length >= 10 && !isName(value) && text.includes(value))
  }
}

/** Returns all text of an error and of every object it leads to. */
export function everythingOf(error: unknown): string {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return
    seen.add(value)
    texts.push(inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }))
    for (const name of Reflect.ownKeys(value)) {
      const inner = Reflect.get(value, name)
      if (typeof inner === "string") texts.push(inner)
      else look(inner)
    }
  }
  look(error)
  return texts.length === 0 ? String(error) : texts.join("\n")
}
