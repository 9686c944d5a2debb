import { inject } from "vitest"

/** Tells whether the driver's server knows the SQL of this major version of PostgreSQL. */
export const serverKnows = (major: number, driver?: string): boolean =>
  driver === "PGlite" || inject("postgresVersion") >= major * 10_000

/** Returns the cases when the server has this major version, and none on an older server. */
export const since = <Case>(major: number, cases: readonly Case[]): Case[] => (serverKnows(major) ? [...cases] : [])
