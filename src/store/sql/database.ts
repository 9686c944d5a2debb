import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core"

/** A Drizzle database or transaction on PostgreSQL, with any driver and schema. */
// biome-ignore lint/suspicious/noExplicitAny: every schema type of an app fits `any`
export type Database = PgDatabase<PgQueryResultHKT, any, any>
