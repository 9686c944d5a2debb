import type { Engine } from "./engine.js"

// Expressions that not every engine has, as SQL text. CockroachDB lacks the functions for partitions
// and row_security_active(): https://github.com/cockroachdb/cockroach, fixed_oids.go in
// pkg/sql/sem/builtins. Aurora DSQL has no partitions, triggers and policies:
// https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-postgresql-compatibility-unsupported-features.html

/** Tells whether tables of the engine can be partitioned as those of PostgreSQL. */
const hasPartitions = ({ name }: Engine) => name !== "CockroachDB" && name !== "Aurora DSQL"

/** Writes the topmost table of a partition; null for any other table. */
export const partitionRoot = (engine: Engine, oid: string): string =>
  hasPartitions(engine) ? `pg_catalog.pg_partition_root(${oid})` : "null::oid"

/** Writes a query for the oids of a table and its partitions. */
export const withPartitions = (engine: Engine, oid: string): string =>
  hasPartitions(engine)
    ? `select ${oid} union all select relid from pg_catalog.pg_partition_tree(${oid})`
    : `select ${oid}`

/** Builds the condition that one of these tables has an enabled trigger of the app. */
export const triggersOn = (engine: Engine, tables: string): string =>
  engine.name === "Aurora DSQL"
    ? "false"
    : `exists (
    select from pg_catalog.pg_trigger where tgrelid = any (array(${tables})) and not tgisinternal and tgenabled <> 'D'
  )`

/**
 * Writes the condition for row-level security to apply to the role, for a row of pg_class. On
 * CockroachDB it counts as applying to owners and administrators too.
 */
export const securesRows = ({ name }: Engine, alias: string): string =>
  name === "CockroachDB" ? `${alias}.relrowsecurity` : `pg_catalog.row_security_active(${alias}.oid)`

/** Tells whether the engine has row-level security. */
export const hasPolicies = ({ name }: Engine): boolean => name !== "Aurora DSQL"
