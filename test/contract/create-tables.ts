import { generateDrizzleJson, generateMigration } from "drizzle-kit/api"
import { sql } from "drizzle-orm"
import type { Database } from "../../src/drizzle.js"

/** Holds the exports of an app's schema module: tables, schemas and enums. */
export type Definitions = Record<string, unknown>

/** Creates these tables in an empty database, as drizzle-kit does. */
export async function createTables(
  db: Database,
  definitions: Definitions,
  casing?: "snake_case",
  schema = "public",
): Promise<void> {
  const after = generateDrizzleJson(definitions, undefined, undefined, casing)
  // drizzle-kit writes "public" into foreign keys, whatever the search path.
  for (const statement of await generateMigration(generateDrizzleJson({}), after))
    await db.execute(sql.raw(statement.replaceAll('"public".', `"${schema}".`)))
}
