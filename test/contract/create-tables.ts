import { generateDrizzleJson, generateMigration } from "drizzle-kit/api"
import { sql } from "drizzle-orm"
import type { Database } from "../../src/drizzle.js"

/** Holds the exports of an app's schema module: tables, schemas and enums. */
export type Definitions = Record<string, unknown>

/** The statements for tables that several files create, by the casing. */
const statements = new WeakMap<Definitions, Record<string, string[]>>()

/** Creates these tables in an empty database, as drizzle-kit does. */
export async function createTables(
  db: Database,
  definitions: Definitions,
  casing?: "snake_case",
  schema = "public",
): Promise<void> {
  const key = casing ?? "as written"
  const known = statements.get(definitions) ?? {}
  statements.set(definitions, known)
  known[key] ??= await generateStatements(definitions, casing)
  // drizzle-kit writes "public" into foreign keys, whatever the search path.
  for (const statement of known[key]) await db.execute(sql.raw(statement.replaceAll('"public".', `"${schema}".`)))
}

function generateStatements(definitions: Definitions, casing?: "snake_case"): Promise<string[]> {
  return generateMigration(generateDrizzleJson({}), generateDrizzleJson(definitions, undefined, undefined, casing))
}
