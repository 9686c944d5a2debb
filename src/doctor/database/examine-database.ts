import type { Database } from "../../store/sql/database.js"
import { readEngine } from "../../store/sql/engine/engine.js"
import { isLack } from "../../store/sql/engine/refuse-on-engine.js"
import { type LazyAdapterOptions, resolveTables, type Tables } from "../../store/tables/resolve-tables.js"
import { schema } from "../../store/tables/schema.js"
import type { ConfigFacts } from "../app/read-config.js"
import type { Finding } from "../finding.js"
import { examineKeys } from "../keys/examine-keys.js"
import { checkClock } from "../server/clock.js"
import { readOnly } from "../server/read-only.js"
import { checkServer } from "../server/read-server.js"
import { type ReadTable, readIfAllowed } from "../server/unchecked.js"
import { compareTable } from "../tables/check-tables.js"
import { checkDeclared } from "../tables/declared-references.js"
import { type Facts, readFacts, tableUnder } from "../tables/facts.js"
import { neededTables } from "../tables/needed-tables.js"
import { inPrismaTerms } from "../tables/prisma-terms.js"
import { checkMigrations } from "./check-migrations.js"
import { checkOtherTables } from "./check-other-tables.js"
import { examineRows } from "./examine-rows.js"

/** The settings of the app that a check of its database depends on. */
export interface Circumstances {
  config: ConfigFacts | undefined
  /** In seconds. */
  sessionMaxAge: number
  /** Whether the purge deletes rows that keep users from being deleted. */
  cascade: boolean
  /** Whether lazy users in other tables belong to another app. */
  beside: boolean
  /** Whether the app named its tables, so that the default ones are no guess. */
  isKnown: boolean
}

/** The part of `DoctorReport` that comes from the database. */
export interface DatabaseReport {
  findings: Finding[]
  purgeable: number | null
}

/**
 * Examines a database. Reads the catalogue, the lazy users to purge, and expired sessions where
 * there are many.
 * @throws LazySetupError when the tables can't work, as `LazyAdapter` does
 */
export async function examineDatabase(
  db: Database,
  options: LazyAdapterOptions,
  circumstances: Circumstances,
): Promise<DatabaseReport> {
  const tables = resolveTables(options)
  const references = options.references ?? []
  const credentials = (tables.credentials ?? []).map(({ userId }) => userId)
  const needed = neededTables(tables, circumstances.config)
  const facts = await readFacts(db, tables.usersTable, needed, [...references, ...credentials])

  const others = circumstances.beside ? [] : await examineOthers(db, tables, facts, circumstances)
  const basics = [
    ...checkServer(facts.server),
    ...checkClock(facts.skew),
    ...others,
    // Migrating would make a second set of tables.
    ...(isWrong(others) ? [] : await examineMigrations(db, tables, facts)),
  ]
  // Without these, every other check would only report their consequences.
  if (basics.some(({ code }) => code === "server_version" || code === "migrations_pending"))
    return { findings: basics, purgeable: null }
  if (isWrong(others) && (!circumstances.isKnown || tables.usersTable === schema.usersTable))
    return { findings: basics, purgeable: null }

  try {
    return await examineInside(db, tables, options, facts, circumstances, basics)
  } catch (error) {
    if (!isLack(error, await readEngine(db))) throw error
    return { findings: basics, purgeable: null }
  }
}

/** Examines the tables, their keys and rows. */
async function examineInside(
  db: Database,
  tables: Tables,
  { references = [] }: LazyAdapterOptions,
  facts: Facts,
  circumstances: Circumstances,
  basics: Finding[],
): Promise<DatabaseReport> {
  const credentials = (tables.credentials ?? []).map(({ userId }) => userId)
  const creation = { users: tables.usersTable, schemas: facts.tables.flatMap(({ facts }) => facts?.schema ?? []) }
  const around = { keys: facts.keys, creation }
  const shape = [
    ...facts.tables.flatMap(({ facts, ...needed }) => compareTable(db, needed, facts, around)),
    ...checkDeclared(db, references, facts.declared, "references", creation),
    ...checkDeclared(db, credentials, facts.declared.slice(references.length), "credentials", creation),
  ]
  const { findings: ofKeys, indexed } = await examineKeys(db, tables, references, facts, circumstances)
  const rows = await examineRows(db, tables, facts, indexed, circumstances)
  const findings = await inPrismaTerms(db, [...basics, ...shape, ...ofKeys, ...rows.findings], facts)
  return { findings, purgeable: rows.purgeable }
}

const isWrong = (others: Finding[]) => others.some(({ severity }) => severity === "error")

/** Looks for tables in which the users seem to be, other than the examined ones. */
async function examineOthers(
  db: Database,
  tables: Tables,
  facts: Facts,
  { isKnown }: Circumstances,
): Promise<Finding[]> {
  const users = tableUnder(facts, "usersTable")
  const { result = [] } = await readIfAllowed({
    what: "Whether the lazy users are in other tables",
    role: facts.server.role,
    tables: users ? [users] : [],
    read: () => readOnly(db, (tx) => checkOtherTables(tx, tables, facts, { isKnown })),
  })
  // What the role may not read is reported with the users to purge.
  return result
}

/** The table in which `migrate` records what it has applied. */
const MIGRATIONS: ReadTable = {
  schema: "drizzle",
  label: "drizzle.__authjs_lazy_migrations",
  target: "drizzle.__authjs_lazy_migrations",
  enterable: true,
  readable: false,
}

/**
 * Reports pending migrations of the default tables in the schema public. The app migrates all
 * others itself.
 */
async function examineMigrations(db: Database, { usersTable }: Tables, facts: Facts): Promise<Finding[]> {
  const where = tableUnder(facts, "usersTable")?.schema ?? "public"
  if (usersTable !== schema.usersTable || where !== "public") return []
  const { result, findings } = await readIfAllowed({
    what: "Pending migrations",
    role: facts.server.role,
    tables: [MIGRATIONS],
    read: () => readOnly(db, checkMigrations),
  })
  return result ?? findings
}
