import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core"

/** A Drizzle database or transaction on PostgreSQL, of whatever driver and schema. */
// biome-ignore lint/suspicious/noExplicitAny: the app's own schema types do not matter here, and every one of them fits `any`
export type Database = PgDatabase<PgQueryResultHKT, any, any>
