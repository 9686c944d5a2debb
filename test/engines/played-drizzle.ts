import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import type postgres from "postgres"
import { playEngine } from "../setup/databases.js"

/** Stands for `drizzle` of postgres.js in the files of test/store: each client plays the engine. */
export const drizzle = (client: postgres.Sql, config?: Parameters<typeof drizzlePostgres>[1]) =>
  drizzlePostgres(playEngine(client), config as never)
