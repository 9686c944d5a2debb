import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { familyOf } from "./column-family.js"
import type { ColumnRule } from "./column-rules.js"

const SAMPLES: Record<string, string | undefined> = { email: "ada@example.com", username: "guest-7mzk4tq9vd" }
const UUID = "01900000-0000-7000-8000-0123456789ab"

/**
 * Tells what is wrong with how a custom type writes and reads a sample, as the end of a sentence;
 * undefined when nothing is.
 */
export function customTypeProblem(property: string, column: AnyPgColumn, rule: ColumnRule): string | undefined {
  if (familyOf(column) === "boolean") return booleanProblem(column)
  if (rule.families.includes("moment")) return momentProblem(column)
  if (rule.families.includes("uuid")) return idProblem(column)
  if (!rule.families.includes("string")) return undefined
  const sample = SAMPLES[property] ?? UUID
  const written = attempt(() => column.mapToDriverValue(sample))
  if ("error" in written) return `whose toDriver() does not take ${JSON.stringify(sample)}.`
  // The value of an expression is known only to PostgreSQL.
  if (typeof written.value === "object") return undefined
  const read = attempt(() => column.mapFromDriverValue(written.value))
  if (!("value" in read) || read.value !== sample)
    return "whose fromDriver() does not give back what toDriver() has written."
  if (rule.isLookedUp && column.mapToDriverValue(sample) !== written.value)
    return "whose toDriver() writes one value in several forms, so that no row can be found by it."
  return undefined
}

/**
 * Tells what is wrong with a custom type for ids, which go into statements, sessions and tokens
 * unchanged.
 */
function idProblem(column: AnyPgColumn): string | undefined {
  const written = attempt(() => column.mapToDriverValue(UUID))
  if ("error" in written) return "whose toDriver() does not take a UUID, which the ids of lazy users are."
  const read = attempt(() => column.mapFromDriverValue(UUID))
  if (written.value !== UUID || !("value" in read) || read.value !== UUID)
    return "which changes ids on their way to the database or back; those of lazy users are UUIDs."
  return undefined
}

function booleanProblem(column: AnyPgColumn): string | undefined {
  for (const value of [true, false]) {
    const written = attempt(() => column.mapToDriverValue(value))
    const read = "error" in written ? written : attempt(() => column.mapFromDriverValue(written.value))
    if (!("value" in read) || read.value !== value) return `whose toDriver() and fromDriver() do not keep ${value}.`
  }
  return undefined
}

function momentProblem(column: AnyPgColumn): string | undefined {
  const moment = new Date("2026-01-02T03:04:05.000Z")
  const written = attempt(() => column.mapToDriverValue(moment))
  if ("error" in written) return "whose toDriver() does not take a Date."
  const read = attempt(() => column.mapFromDriverValue(written.value))
  if (!("value" in read) || !(read.value instanceof Date)) return "whose fromDriver() does not return a Date."
  return undefined
}

function attempt(work: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}
