import type { TableFacts } from "../../store/sql/catalogue/tables.js"
import { quoted } from "../../store/sql/identifiers.js"
import { sqlState } from "../../store/sql/sql-state.js"
import type { Finding } from "../finding.js"

/** A table that is read, as far as the right to do so is concerned. */
export type ReadTable = Pick<TableFacts, "schema" | "label" | "target" | "enterable" | "readable">

/** Something to read, and from which tables. */
interface Reading<Result> {
  /** What is not known if it can't be read, as the beginning of a sentence. */
  what: string
  role: string
  tables: ReadTable[]
  read: () => Promise<Result>
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const INSUFFICIENT_PRIVILEGE = "42501"
const QUERY_CANCELED = "57014"
const LOCK_NOT_AVAILABLE = "55P03"

/**
 * What was read; or, where the role may not read it or the server gave up on it, a finding that says so.
 * @throws whatever else the database throws
 */
export async function readIfAllowed<Result>(
  reading: Reading<Result>,
): Promise<{ result?: Result; findings: Finding[] }> {
  // A table in a schema that may not be entered would seem not to be there.
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
    if (state === LOCK_NOT_AVAILABLE) return { findings: [delayed(reading, "somebody has locked the tables")] }
    if (state === QUERY_CANCELED) return { findings: [delayed(reading, "it took the server too long")] }
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
    message: `${what} could not be checked: the role ${role} may not read ${names || "a table of it"}.`,
    fix: grants.join("\n") || `grant pg_read_all_data to ${quoted(role)};`,
  }
}

function delayed({ what }: Reading<unknown>, why: string): Finding {
  return {
    code: "unchecked",
    severity: "warning",
    message: `${what} could not be checked: ${why}. Ask again at a quieter time.`,
    fix: "npx authjs-lazy doctor",
  }
}
