import { inject } from "vitest"

/** Whether the server of the tests, or of another driver with its own, knows the syntax of this major version of PostgreSQL. */
export const serverKnows = (major: number, driver?: string): boolean =>
  driver === "PGlite" || inject("postgresVersion") >= major * 10_000

/** Keeps only those cases that the server knows; older servers leave them out. */
export const since = <Case>(major: number, cases: readonly Case[]): Case[] => (serverKnows(major) ? [...cases] : [])
