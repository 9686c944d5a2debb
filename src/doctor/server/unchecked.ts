import type { TableFacts } from "../../store/sql/catalogue/tables.js"
import { quoted } from "../../store/sql/identifiers.js"
import { INSUFFICIENT_PRIVILEGE, sqlState } from "../../store/sql/sql-state.js"
import type { Finding } from "../finding.js"

/** A table that is read, as far as the right to do so is concerned. */
export type ReadTable = Pick<TableFacts, "schema" | "label" | "target" | "enterable" | "readable">

/** A read, and the tables that it reads. */
interface Reading<Result> {
  /** What stays unknown if the read fails, as the beginning of a sentence. */
  what: string
  role: string
  tables: ReadTable[]
  read: () => Promise<Result>
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html

/** A type that can't be compared or converted, and a value that can't be read as one. */
const MISMATCHES = ["42804", "42846", "42883", "22P02", "22007"]
const QUERY_CANCELED = "57014"
const LOCK_NOT_AVAILABLE = "55P03"

/**
 * Runs a read; returns a finding instead of a result when the role may not read something, or when
 * PostgreSQL canceled the read.
 * @throws Error of the database for any other failure
 */
export async function readIfAllowed<Result>(
  reading: Reading<Result>,
): Promise<{ result?: Result; findings: Finding[] }> {
  // A table would seem to be missing in a schema that the role may not enter.
  const hidden = reading.tables.filter(({ enterable }) => !enterable)
  if (hidden.length > 0) return { findings: [denied(reading, hidden)] }
  try {
    return { result: await reading.read(), findings: [] }
  } catch (error) {
    const state = sqlState(error)
    if (state === INSUFFICIENT_PRIVILEGE)
      return {
        findings: [
          denied(
            reading,
            reading.tables.filter(({ readable }) => !readable),
          ),
        ],
      }
    // A column is of another type than its definition, which has a finding of its own.
    if (MISMATCHES.includes(state ?? "")) return { findings: [] }
    if (state === LOCK_NOT_AVAILABLE)
      return { findings: [delayed(reading, "another transaction has locked the tables")] }
    if (state === QUERY_CANCELED) return { findings: [delayed(reading, "the server took too long")] }
    throw error
  }
}

function denied({ what, role }: Reading<unknown>, tables: ReadTable[]): Finding {
  const names = tables.map(({ label }) => label).join(", ")
  const schemas = [...new Set(tables.map(({ schema }) => schema))]
  const grants = [
    ...schemas.map((schema) => `grant usage on schema ${quoted(schema)} to ${quoted(role)};`),
    ...tables.map(({ target }) => `grant select on ${target} to ${quoted(role)};`),
  ]
  return {
    code: "unchecked",
    severity: "warning",
    message: `${what} could not be checked: the role ${role} may not read ${names || "one of the tables"}.`,
    fix: grants.join("\n") || `grant pg_read_all_data to ${quoted(role)};`,
  }
}

function delayed({ what }: Reading<unknown>, why: string): Finding {
  return {
    code: "unchecked",
    severity: "warning",
    message: `${what} could not be checked: ${why}. Run the doctor again when the database is less busy.`,
    fix: "npx authjs-lazy doctor",
  }
}
