import { generateDrizzleJson, generateMigration } from "drizzle-kit/api"
import { sql } from "drizzle-orm"
import type { Database } from "../../src/drizzle.js"

/** What goes into the tables' module in an app: tables, schemas and enums. */
export type Definitions = Record<string, unknown>

/** Creates what drizzle-kit would create for these definitions in an empty database. */
export async function createTables(db: Database, definitions: Definitions, casing?: "snake_case"): Promise<void> {
  const after = generateDrizzleJson(definitions, undefined, undefined, casing)
  for (const statement of await generateMigration(generateDrizzleJson({}), after)) await db.execute(sql.raw(statement))
}
