/** The subject of a {@link Finding}. The documentation explains each, with what to do. */
export type FindingCode =
  | "server_version"
  | "track_counts"
  | "engine"
  | "migrations_pending"
  | "other_tables"
  | "missing_table"
  | "missing_column"
  | "column_type"
  | "column_null"
  | "column_default"
  | "column_required"
  | "missing_unique"
  | "unique_nulls"
  | "unique_default"
  | "active_users"
  | "credentials"
  | "missing_credentials"
  | "missing_reference"
  | "merge_impossible"
  | "self_cascade"
  | "purge_blocked"
  | "purge_index"
  | "lookup_index"
  | "purge_overdue"
  | "purgeable"
  | "expired_sessions"
  | "clock_skew"
  | "driver_pipelining"
  | "email_required"
  | "merge_rules"
  | "merge_tables"
  | "merge_rights"
  | "merge_rewritten"
  | "replica_identity"
  | "row_security"
  | "secret_missing"
  | "secret_weak"
  | "trust_host"
  | "auth_url"
  | "insecure_url"
  | "lazy_provider"
  | "oauth_state"
  | "update_age"
  | "two_auth_cores"
  | "auth_advisories"
  | "unchecked"

/**
 * How urgent a finding is. `error`: something fails or is open to attack. `warning`: it will hurt
 * one day. `info`: good to know.
 */
export type Severity = "error" | "warning" | "info"

/** One problem that {@link doctor} found. */
export interface Finding {
  code: FindingCode
  severity: Severity
  /** What is wrong and what follows from it, in a sentence or two. Never holds a secret. */
  message: string
  /** Text to paste: SQL with its semicolons, a command, or a line of configuration. */
  fix: string
  /**
   * The place: a table, `table.column`, an option, a variable or a folder. Tables of the schema
   * public are named without it.
   */
  where?: string
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "info"]

/** Sorts findings, the worst first; those of equal severity keep their order. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity)
  return findings.toSorted((one, other) => rank(one) - rank(other))
}
