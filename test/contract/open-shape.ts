import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import type { Database } from "../../src/drizzle.js"
import { emptyPostgres, playEngine } from "../setup/databases.js"
import { createTables } from "./create-tables.js"
import type { TableShape } from "./table-shapes.js"

/** A database with the tables of a shape. */
export interface ShapedDatabase {
  db: Database
  /** Runs what a test writes itself; no engine is played. */
  own: Database
  close: () => Promise<void>
}

/** Makes a database with the tables of a shape, in a time zone with half hours. */
export async function openShape(shape: TableShape): Promise<ShapedDatabase> {
  const { casing, searchPath } = shape
  const database = await emptyPostgres()
  const client = postgres(database.url, {
    max: 6,
    onnotice: () => {},
    connection: { TimeZone: "America/St_Johns", ...(searchPath !== undefined && { search_path: searchPath }) },
  })
  const own = drizzle(client, { casing }) as Database
  await makeTables(own, shape)
  return {
    db: process.env.TEST_ENGINE ? (drizzle(playEngine(client), { casing }) as Database) : own,
    own,
    async close() {
      await client.end()
      await database.close()
    },
  }
}

async function makeTables(db: Database, { definitions, casing, extension, searchPath, prepare }: TableShape) {
  if (extension !== undefined) await db.execute(sql.raw(`create extension ${extension} schema public`))
  if (searchPath !== undefined) await db.execute(sql.raw(`create schema ${searchPath}`))
  // drizzle-kit writes the schema "public" into foreign keys.
  await createTables(db, definitions, casing, searchPath)
  await prepare?.(db)
}
