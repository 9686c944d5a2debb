import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"

/** The database that a reader has. */
export const db = drizzle(postgres(process.env.DATABASE_URL ?? "", { onnotice: () => {} }))
