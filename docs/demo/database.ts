import { PGlite } from "@electric-sql/pglite"
import { type Database, migrate } from "authjs-lazy/drizzle"
import { drizzle as drizzlePglite } from "drizzle-orm/pglite"
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { createNotesTable } from "./schema.js"

/** A database that has all tables, and how to leave it. */
export interface DemoDatabase {
  db: Database
  close: () => Promise<void>
}

/** PostgreSQL in this process, its files in `folder`: https://pglite.dev */
export async function openPglite(folder: string): Promise<DemoDatabase> {
  const client = await PGlite.create(folder)
  const db = drizzlePglite(client)
  await makeTables(db)
  return { db, close: () => client.close() }
}

/** A PostgreSQL server. */
export async function openPostgres(url: string): Promise<DemoDatabase> {
  // Without `onnotice` it prints that the tables are there already.
  const client = postgres(url, { onnotice: () => {} })
  const db = drizzlePostgres(client)
  try {
    await makeTables(db)
  } catch (error) {
    await client.end()
    throw error
  }
  return { db, close: () => client.end() }
}

/** The tables of Auth.js and of lazy users, as the package makes them, and the app's own. */
async function makeTables(db: Database): Promise<void> {
  await migrate(db)
  for (const statement of createNotesTable) await db.execute(statement)
}
