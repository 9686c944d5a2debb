import { generateDrizzleJson, generateMigration } from "drizzle-kit/api"
import { sql } from "drizzle-orm"
import type { Database } from "../../src/drizzle.js"

/** What goes into the tables' module in an app: tables, schemas and enums. */
export type Definitions = Record<string, unknown>

/** Creates what drizzle-kit would create for these definitions in an empty database. */
export async function createTables(
  db: Database,
  definitions: Definitions,
  casing?: "snake_case",
  schema = "public",
): Promise<void> {
  const after = generateDrizzleJson(definitions, undefined, undefined, casing)
  // Into foreign keys drizzle-kit writes the schema "public", also where the search path has another.
  for (const statement of await generateMigration(generateDrizzleJson({}), after))
    await db.execute(sql.raw(statement.replaceAll('"public".', `"${schema}".`)))
}
