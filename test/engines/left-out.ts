/** Files of test/store and test/contract that no engine plays, each with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "test/contract/shapes-on-pglite.test.ts": "runs on PGlite, which plays no engine",
  "test/store/catalogue-names.test.ts":
    "plants tables and functions of the same names as those that a profile replaces",
  "test/store/driver.test.ts": "is about drivers, with clients of its own that fail",
  "test/store/engine-changes.test.ts": "plays engines by itself",
  "test/store/engines.test.ts": "plays all engines by itself",
  "test/store/migrate-bundled.test.ts": "migrates in a process of its own, from a bundle",
  "test/store/plans.test.ts": "explains the plans of PostgreSQL, of which a profile knows nothing",
  "test/store/pooler.test.ts": "starts PgBouncer, through which all connections go",
  "test/store/purge-race.test.ts": "purges in processes of their own",
  "test/store/random-bytes.test.ts": "talks to no database",
  "test/store/replicas.test.ts": "starts a primary and a standby",
  "test/store/round-trips.test.ts": "expects each statement as it is sent to PostgreSQL",
}
