import { existsSync } from "node:fs"

/** Path to which Debian installs PgBouncer. */
export const PGBOUNCER = "/usr/sbin/pgbouncer"
/** Path to which Debian installs nginx. */
export const NGINX = "/usr/sbin/nginx"
/** Path to which Debian installs Redis. */
export const REDIS = "/usr/bin/redis-server"

/** Folder to which Debian installs PostgreSQL, with the tools for standbys. */
export const POSTGRESQL = "/usr/lib/postgresql"

/** Programs that some tests need, and the package of Debian that brings each. */
const PROGRAMS = [
  { name: "PgBouncer", path: PGBOUNCER, from: "pgbouncer" },
  { name: "nginx", path: NGINX, from: "nginx-light" },
  { name: "Redis", path: REDIS, from: "redis-server" },
  { name: "PostgreSQL", path: POSTGRESQL, from: "postgresql" },
]

/**
 * Tells whether the tests that need a program are left out because this machine lacks it. In CI
 * they fail instead, because `.ci/run` installs the program.
 */
const isLeftOut = (path: string) => !process.env.CI && !existsSync(path)

export const withoutPgbouncer = isLeftOut(PGBOUNCER)
export const withoutNginx = isLeftOut(NGINX)
export const withoutRedis = isLeftOut(REDIS)
export const withoutPostgresql = isLeftOut(POSTGRESQL)

/** Prints at the end of a run which tests were left out. */
export default function setup(): () => void {
  return () => {
    for (const { name, path, from } of PROGRAMS.filter(({ path }) => isLeftOut(path)))
      console.log(`\nLeft out: tests that need ${name} at ${path} (apt-get install ${from}).`)
  }
}
