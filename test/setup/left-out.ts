import { existsSync } from "node:fs"

/** Where Debian puts PgBouncer. */
export const PGBOUNCER = "/usr/sbin/pgbouncer"
/** Where Debian puts nginx. */
export const NGINX = "/usr/sbin/nginx"

/** Programs that some tests need, and the package of Debian that brings each. */
const PROGRAMS = [
  { name: "PgBouncer", path: PGBOUNCER, from: "pgbouncer" },
  { name: "nginx", path: NGINX, from: "nginx-light" },
]

/**
 * Tells whether the tests that need a program are left out, because this machine lacks it. Never in
 * CI, where they fail instead: `.ci/run` installs it.
 */
const isLeftOut = (path: string) => !process.env.CI && !existsSync(path)

export const withoutPgbouncer = isLeftOut(PGBOUNCER)
export const withoutNginx = isLeftOut(NGINX)

/** Says at the end of a run which tests did not run. */
export default function setup(): () => void {
  return () => {
    for (const { name, path, from } of PROGRAMS.filter(({ path }) => isLeftOut(path)))
      console.log(`\nLeft out: tests that need ${name} at ${path} (apt-get install ${from}).`)
  }
}
