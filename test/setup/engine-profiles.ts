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
  /** Expressions of PostgreSQL with what the engine returns for them. */
  says: readonly (readonly [string, string])[]
  refuses: readonly Refusal[]
}

const UNDEFINED_COLUMN = "42703"
const UNDEFINED_FUNCTION = "42883"
const NOT_SUPPORTED = "0A000"

/** Mentions a column or a function, and not a part of a longer name or a quoted one. */
const word = (names: string) => new RegExp(`(?<![\\w"])(${names})(?![\\w"])`, "i")

/**
 * CockroachDB 26. Sources:
 * https://www.cockroachlabs.com/docs/stable/known-limitations (no second mutation of one table in a
 * statement), https://www.cockroachlabs.com/docs/stable/functions-and-operators (advisory locks do
 * nothing), https://www.cockroachlabs.com/docs/stable/pg-catalog (`pg_stat_…` are empty), and
 * https://github.com/cockroachdb/cockroach/issues/52420 (weaker row locks are other names for
 * FOR UPDATE and FOR SHARE). Rows have no `ctid`, and transactions no id that SQL can read.
 */
const cockroach: EngineProfile = {
  name: "CockroachDB",
  says: [
    ["version()", "'CockroachDB CCL v26.1.0'::text"],
    ["pg_advisory_xact_lock(hashtextextended('authjs-lazy migrate', 0))", "true"],
  ],
  refuses: [
    { what: 'column "ctid" does not exist', pattern: word("ctid|xmin|xmax|cmin|cmax"), code: UNDEFINED_COLUMN },
    {
      what: "unknown function: pg_stat_get_xact_tuples_deleted()",
      pattern: word("pg_stat_get_\\w+|pg_current_xact_id\\w*|txid_current\\w*"),
      code: UNDEFINED_FUNCTION,
    },
    {
      what: "multiple mutations of the same table are not supported",
      pattern:
        /\b(?:insert into|update|delete from)\s+(?:only\s+)?((?:"[^"]+"|[\w.])+)(?=[\s(]).*\b(?:insert into|update|delete from)\s+(?:only\s+)?\1(?=[\s(])/is,
      code: NOT_SUPPORTED,
    },
  ],
}

/**
 * YugabyteDB 2025. Sources:
 * https://github.com/yugabyte/yugabyte-db/issues/24843 (no `xmin`, `xmax`, `cmin`, `cmax`, `ctid`)
 * and https://docs.yugabyte.com/stable/architecture/transactions/concurrency-control/ (row locks,
 * SKIP LOCKED but for SERIALIZABLE).
 */
const yugabyte: EngineProfile = {
  name: "YugabyteDB",
  says: [["version()", "'PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu'::text"]],
  refuses: [
    {
      what: "System column with id -1 is not supported yet",
      pattern: word("ctid|xmin|xmax|cmin|cmax"),
      code: NOT_SUPPORTED,
    },
    {
      what: "transaction ids are not supported",
      pattern: word("pg_stat_get_xact_\\w+|pg_current_xact_id\\w*|txid_current\\w*"),
      code: NOT_SUPPORTED,
    },
  ],
}

/**
 * Amazon Aurora DSQL. Sources, below https://docs.aws.amazon.com/aurora-dsql/latest/userguide/:
 * working-with-postgresql-compatibility-supported-sql-features.html (`FOR { UPDATE | KEY SHARE }`),
 * working-with-postgresql-compatibility-unsupported-features.html (temporary tables, triggers,
 * sequences, partitions, exclusion constraints, SAVEPOINT, TRUNCATE) and
 * working-with-concurrency-control.html (no locks, 40001 at the commit, one isolation level).
 */
const dsql: EngineProfile = {
  name: "Aurora DSQL",
  says: [
    ["version()", "'PostgreSQL 16'::text"],
    ["to_regclass('sys.iam_pg_role_mappings')", "'pg_class'::regclass"],
  ],
  refuses: [
    {
      what: "unsupported locking clause",
      pattern: /\bfor (no key update|share)\b|\bskip locked\b|\bnowait\b/i,
      code: NOT_SUPPORTED,
    },
    { what: "temporary tables are not supported", pattern: /\bcreate (local )?temp(orary)? /i, code: NOT_SUPPORTED },
    { what: "unsupported statement: Savepoint", pattern: /^\s*savepoint\b/i, code: NOT_SUPPORTED },
    { what: "unsupported isolation level", pattern: /isolation level (read|serializable)/i, code: NOT_SUPPORTED },
    { what: "unsupported system column", pattern: word("ctid|xmin|xmax|cmin|cmax"), code: NOT_SUPPORTED },
    {
      what: "unsupported function",
      pattern: word("pg_stat_get_\\w+|pg_current_xact_id\\w*|pg_advisory_\\w+"),
      code: NOT_SUPPORTED,
    },
  ],
}

/**
 * Citus 13, with `"user"` and everything that hangs on it spread over machines. Source:
 * https://docs.citusdata.com/en/stable/develop/reference_workarounds.html (FOR UPDATE and recursive
 * CTEs in single-shard queries only). Its coordinator holds no rows, so that `ctid` and what the
 * server counts say nothing.
 */
const citus: EngineProfile = {
  name: "Citus",
  says: [["exists (select from pg_extension where extname = 'citus')", "true"]],
  refuses: [
    {
      what: "could not run distributed query with FOR UPDATE/SHARE commands",
      pattern: /\bfor update skip locked\b/i,
      code: NOT_SUPPORTED,
    },
    {
      what: "recursive CTEs are not supported in distributed queries",
      pattern: /\bwith recursive (?!named)/i,
      code: NOT_SUPPORTED,
    },
    { what: "system columns of distributed tables differ by shard", pattern: word("ctid"), code: NOT_SUPPORTED },
  ],
}

/** The engines that tests can play. */
export const profiles: readonly EngineProfile[] = [cockroach, yugabyte, dsql, citus]
