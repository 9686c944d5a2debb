import { existsSync } from "node:fs"

/** Where Debian puts PgBouncer. */
export const PGBOUNCER = "/usr/sbin/pgbouncer"

/**
 * Whether the tests behind PgBouncer are left out, because this machine lacks it. Never in CI, where they fail
 * instead: `.ci/run` installs it.
 */
export const withoutPgbouncer = !process.env.CI && !existsSync(PGBOUNCER)

/** Says at the end of a run which tests did not run. */
export default function setup(): () => void {
  return () => {
    if (withoutPgbouncer)
      console.log(`\nLeft out: tests that need PgBouncer at ${PGBOUNCER} (apt-get install pgbouncer).`)
  }
}
