/** Something that an engine refuses, and the answer that stands for its own. */
export interface Refusal {
  what: string
  /** Matches the text of a statement. */
  pattern: RegExp
  code: string
}

/** What a database engine lacks of PostgreSQL, according to its documentation. */
export interface EngineProfile {
  /** How the library names it. */
  name: string
  /** Parts of statements with what the engine reads or returns in their place. */
  says: readonly (readonly [string | RegExp, string])[]
  refuses: readonly Refusal[]
}

const UNDEFINED_COLUMN = "42703"
const UNDEFINED_FUNCTION = "42883"
const NOT_SUPPORTED = "0A000"

/** Mentions a column, a function or a table, and not a part of a longer name or a quoted one. */
const word = (names: string) => new RegExp(`(?<![\\w"])(${names})(?![\\w"])`, "i")

const SYSTEM_COLUMNS = word("ctid|xmin|xmax|cmin|cmax")

/** Plays the answer of a function, which statements may write with its schema. */
const answers = (call: string, answer: string): [RegExp, string] => [
  new RegExp(`(?:pg_catalog\\.)?${call.replaceAll(/[()[\]{}.*+?^$|\\]/g, "\\$&")}`, "g"),
  answer,
]

/** Plays a table of the catalogue in which nothing is found. */
const empty = (table: string): [RegExp, string] => [
  new RegExp(`\\b(from|join) (?:pg_catalog\\.)?${table}\\b`, "g"),
  `$1 (select * from pg_catalog.${table} where false) as ${table}`,
]

/**
 * CockroachDB 26. Sources, at https://github.com/cockroachdb/docs below src/current/v26.1:
 * - known-limitations.md: no second mutation of one table in a statement, unless all are plain
 *   INSERTs
 * - pg-catalog.md: `pg_stat_…`, `pg_policy` and others are there, and empty
 * - _includes/v26.1/known-limitations/read-committed-limitations.md: what changes tables commits the
 *   transaction before it
 *
 * The functions are those that pkg/sql/sem/builtins/fixed_oids.go of
 * https://github.com/cockroachdb/cockroach doesn't list: it has to_regclass(), format(),
 * pg_get_constraintdef() and pg_get_indexdef(), and none for partitions, statistics or ids of
 * transactions. Weaker row locks are other names for FOR UPDATE and FOR SHARE:
 * https://github.com/cockroachdb/cockroach/issues/52420
 */
const cockroach: EngineProfile = {
  name: "CockroachDB",
  says: [
    answers("version()", "'CockroachDB CCL v26.1.0'::text"),
    answers("current_setting('track_counts', true)", "null::text"),
    empty("pg_policy"),
    empty("pg_stat_user_tables"),
    empty("pg_stat_xact_user_tables"),
    empty("pg_publication"),
  ],
  refuses: [
    { what: 'column "ctid" does not exist', pattern: SYSTEM_COLUMNS, code: UNDEFINED_COLUMN },
    {
      what: "unknown function",
      pattern: word(
        "(pg_stat_get_\\w+|pg_current_xact_id\\w*|txid_current\\w*|pg_partition_(root|tree|ancestors)|row_security_active" +
          "|pg_identify_object\\w*|hashtextextended|pg_advisory_lock|pg_advisory_xact_lock)(?=\\()",
      ),
      code: UNDEFINED_FUNCTION,
    },
    {
      what: "multiple mutations of the same table are not supported unless they all use INSERT without ON CONFLICT",
      pattern:
        /\b(?:update|delete from|insert into)\s+(?:only\s+)?((?:"[^"]+"|[\w.])+)(?=[\s(]).*\b(?:update|delete from)\s+(?:only\s+)?\1(?=[\s(])/is,
      code: NOT_SUPPORTED,
    },
  ],
}

/**
 * YugabyteDB 2025, a fork of PostgreSQL 15: its functions are there, but what they would tell is not
 * kept. Sources: https://github.com/yugabyte/yugabyte-db/issues/24843 (no `xmin`, `xmax`, `cmin`,
 * `cmax`, `ctid`), /issues/15638 (no transaction ids),
 * https://docs.yugabyte.com/stable/architecture/transactions/concurrency-control/ (row locks, SKIP
 * LOCKED but for SERIALIZABLE) and https://docs.yugabyte.com/stable/explore/transactions/explicit-locking/
 * (all four row locks, advisory locks since 2025.1).
 */
const yugabyte: EngineProfile = {
  name: "YugabyteDB",
  says: [
    answers("version()", "'PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu'::text"),
    [/(?:pg_catalog\.)?\bpg_stat_get_xact_tuples_\w+\(\w+\)/g, "0::int8"],
    answers("pg_current_xact_id_if_assigned()", "null::xid8"),
  ],
  refuses: [{ what: 'System column "ctid" is not supported yet', pattern: SYSTEM_COLUMNS, code: NOT_SUPPORTED }],
}

/**
 * Amazon Aurora DSQL. Sources, below https://docs.aws.amazon.com/aurora-dsql/latest/userguide/:
 * - working-with-postgresql-compatibility-supported-sql-features.html: `FOR { UPDATE | KEY SHARE }`, on
 *   one table, with an equality for each column of its primary key
 * - working-with-postgresql-compatibility-unsupported-features.html: no foreign keys, exclusion
 *   constraints, temporary tables, triggers, partitions, SAVEPOINT and TRUNCATE
 * - working-with-concurrency-control.html: no locks, 40001 at the commit, one isolation level
 * - working-with-systems-tables.html: which tables of the catalogue apply, and those of `sys`
 * - working-with-ddl.html: one statement that changes tables in a transaction, and no other with it
 */
const dsql: EngineProfile = {
  name: "Aurora DSQL",
  says: [
    answers("version()", "'PostgreSQL 16'::text"),
    answers("current_database()", "'postgres'::text"),
    ["nspname = 'sys' and relname = 'iam_pg_role_mappings'", "relname = 'pg_class'"],
    [/\bcontype = 'f'/g, "contype = 'f' and false"],
  ],
  refuses: [
    {
      what: "unsupported locking clause",
      pattern: /\bfor (no key update|share)\b|\bskip locked\b|\bnowait\b/i,
      code: NOT_SUPPORTED,
    },
    {
      what: "locking clause such as FOR UPDATE can be applied on a single table",
      pattern: /\bjoin\b.*\bfor update\b/is,
      code: NOT_SUPPORTED,
    },
    {
      what: "locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key",
      pattern: /\bwhere\b(?![^;]*"(?!userId|email|username)(?:[^"]|"")+" = \$\d).*\bfor update\b/is,
      code: NOT_SUPPORTED,
    },
    {
      what: "DDL and DML statements cannot be mixed in a transaction",
      pattern: /\bcreate (schema|table|unique index|index)\b/i,
      code: NOT_SUPPORTED,
    },
    { what: "temporary tables are not supported", pattern: /\bcreate (local )?temp(orary)? /i, code: NOT_SUPPORTED },
    { what: "unsupported statement: Savepoint", pattern: /^\s*savepoint\b/i, code: NOT_SUPPORTED },
    { what: "unsupported isolation level", pattern: /isolation level (read|serializable)/i, code: NOT_SUPPORTED },
    { what: "unsupported system column", pattern: SYSTEM_COLUMNS, code: NOT_SUPPORTED },
    {
      what: "unsupported function",
      pattern: word("(pg_stat_get_\\w+|pg_current_xact_id\\w*|pg_advisory_\\w+|pg_partition_\\w+)(?=\\()"),
      code: NOT_SUPPORTED,
    },
    {
      what: "unsupported catalog",
      pattern: word("pg_policy|pg_extension|pg_publication|pg_proc|pg_partitioned_table|pg_event_trigger"),
      code: NOT_SUPPORTED,
    },
  ],
}

/** Plays what Citus keeps of the tables that it manages; `h` stands for spread, `n` for reference. */
const managed = (method: "h" | "n" | undefined): EngineProfile["says"] => [
  answers("to_regclass('pg_catalog.pg_dist_partition')", "'pg_class'::regclass"),
  [
    "from pg_catalog.pg_dist_partition",
    `from (
      select oid::regclass as logicalrelid, '${method ?? "h"}'::"char" as partmethod from pg_class
      where ${method ? "relkind = 'r' and oid >= 16384" : "false"}
    ) as pg_dist_partition`,
  ],
]

/**
 * Citus 13, with `"user"` and what hangs on it spread over machines. Source:
 * https://docs.citusdata.com/en/stable/develop/reference_workarounds.html (FOR UPDATE and recursive
 * CTEs in single-shard queries only) and /develop/api_metadata.html (`pg_dist_partition`). Its
 * coordinator holds no rows, so that `ctid` and what the server counts say nothing, and it refuses
 * to change the column by which a table is spread ("modifying the partition value of rows is not
 * allowed", in src/backend/distributed/planner/multi_router_planner.c).
 */
const citus: EngineProfile = {
  name: "Citus",
  says: managed("h"),
  refuses: [
    {
      what: "could not run distributed query with FOR UPDATE/SHARE commands",
      pattern: /\bfor update skip locked\b/i,
      code: NOT_SUPPORTED,
    },
    {
      what: "recursive CTEs are not supported in distributed queries",
      pattern: /\bwith recursive (?!named|reached)/i,
      code: NOT_SUPPORTED,
    },
    {
      what: "modifying the partition value of rows is not allowed",
      pattern: /\bupdate [^;]*\bset "?(userId|owner)"? = /i,
      code: NOT_SUPPORTED,
    },
    { what: "system columns of distributed tables differ by shard", pattern: SYSTEM_COLUMNS, code: NOT_SUPPORTED },
  ],
}

/** The engines that tests can play. */
export const profiles: readonly EngineProfile[] = [cockroach, yugabyte, dsql, citus]

/** Citus where all tables are whole on each machine: as reference tables, or local ones. */
export const wholeOnCitus = {
  reference: { ...citus, says: managed("n"), refuses: citus.refuses.slice(-1) },
  local: { name: "PostgreSQL", says: managed(undefined), refuses: [] },
} satisfies Record<string, EngineProfile>
