import { existsSync } from "node:fs"

/** Path to which Debian installs PgBouncer. */
export const PGBOUNCER = "/usr/sbin/pgbouncer"

/**
 * True when this machine lacks PgBouncer, so that its tests are left out. In CI they fail instead,
 * because `.ci/run` installs PgBouncer.
 */
export const withoutPgbouncer = !process.env.CI && !existsSync(PGBOUNCER)

/** Prints at the end of a run which tests were left out. */
export default function setup(): () => void {
  return () => {
    if (withoutPgbouncer)
      console.log(`\nLeft out: tests that need PgBouncer at ${PGBOUNCER} (apt-get install pgbouncer).`)
  }
}
