import { type SQL, sql } from "drizzle-orm"
import type { PgTable } from "drizzle-orm/pg-core"
import { qualifiedName } from "../identifiers.js"

/** Builds an expression for the pages of a table; 0 for a partitioned one and for a view. */
export const pagesOf = (table: PgTable): SQL =>
  sql`(pg_catalog.pg_relation_size(${qualifiedName(table)}::text::regclass) / pg_catalog.current_setting('block_size')::int8)::float8`
