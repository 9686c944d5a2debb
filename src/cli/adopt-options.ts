import { type SQL, sql } from "drizzle-orm"
import type { AdoptOptions } from "../store/adopt/types.js"
import { quoted } from "../store/sql/identifiers.js"
import { UsageError } from "./exit-codes.js"
import { type GivenOptions, readCount, readDuration, readFlag, readText } from "./options.js"

/** Reads the options of an adoption from the command line. */
export function readAdoptOptions(options: GivenOptions): Omit<AdoptOptions, "where"> & { where: SQL | undefined } {
  const createdAt = readText("--created-at", options.createdAt, "column")
  return {
    where: readCondition(options.where),
    dryRun: readFlag("--dry-run", options.dryRun),
    everyone: readFlag("--everyone", options.everyone),
    batchSize: readCount("--batch-size", options.batchSize),
    limit: readCount("--limit", options.limit),
    createdAt: createdAt === undefined ? undefined : sql.raw(quoted(createdAt)),
    oldSessionMaxAge: readDuration("--old-session-max-age", options.oldSessionMaxAge),
    oldAppUntil: options.oldAppUntil === undefined ? undefined : readMoment(options.oldAppUntil),
  }
}

const STRINGS = /'(?:[^']|'')*'|"(?:[^"]|"")*"/g

/**
 * Reads the condition. PostgreSQL parses it before it is used, but its messages about a semicolon
 * or a parameter would be unclear.
 */
function readCondition(given: unknown): SQL | undefined {
  const text = readText("--where", given, "condition")
  if (text === undefined || text.trim() === "") return undefined
  const code = text.replaceAll(STRINGS, "''")
  if (code.includes(";"))
    throw new UsageError("--where takes one condition, without a semicolon and a second statement.")
  if (/\$\d/.test(code)) throw new UsageError("--where takes values, not parameters such as $1.")
  return sql.raw(text)
}

function readMoment(given: unknown): Date {
  const text = String(given)
  const moment = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(moment.valueOf())) return moment
  throw new UsageError("--old-app-until takes a day, such as 2026-01-31, or a moment, such as 2026-01-31T12:00Z.")
}
