import { resolve } from "node:path"
import type { LazyAuth } from "../auth/request/head.js"
import type { Database } from "../store/sql/database.js"
import { redactErrorsOf } from "../store/sql/redact.js"
import type { LazyAdapterOptions } from "../store/tables/resolve-tables.js"
import { DEFAULT_SESSION_MAX_AGE } from "../store/users/session-life.js"
import { checkAuthCores } from "./app/check-auth-cores.js"
import { checkConfig } from "./app/check-config.js"
import { checkPipelining } from "./app/check-driver.js"
import { checkSecrets } from "./app/check-secrets.js"
import { readConfig } from "./app/read-config.js"
import { examineDatabase } from "./database/examine-database.js"
import { type Finding, worstFirst } from "./finding.js"

/**
 * Options of {@link doctor}: the parts to examine. Parts that are left out are not examined.
 * @example { db, auth: authConfig, cwd: process.cwd() }
 */
export interface DoctorOptions {
  /**
   * The database, as `LazyAdapter` takes it. The doctor writes nothing to it.
   * @default no database is examined
   */
  db?: Database
  /**
   * The app's own tables, as `LazyAdapter` takes them.
   * @default the default tables
   */
  tables?: LazyAdapterOptions
  /**
   * The configuration that `withLazy` returned.
   * @default no configuration is examined
   */
  auth?: LazyAuth
  /**
   * The folder of the app, in which packages are looked for as Node does.
   * @default packages are not examined
   */
  cwd?: string
  /**
   * How long a session can live, in seconds, to tell which lazy users can be purged.
   * @default what `auth` says, or else 30 days
   */
  sessionMaxAge?: number
  /**
   * Whether the purge runs with `cascade`, so that foreign keys without ON DELETE do not stop it.
   * @default false
   */
  cascade?: boolean
}

/** The report of {@link doctor}. */
export interface DoctorReport {
  /** The worst first; the same database and configuration give the same order. */
  findings: Finding[]
  /** The number of lazy users whom a purge would look at now; null when it isn't known. */
  purgeable: number | null
}

/**
 * Examines the database, the configuration of Auth.js with the environment of this process, and the
 * installed packages. Each finding says what is wrong, what follows from it, and what to paste.
 * Reads only.
 * @throws LazySetupError when `tables` can't work, as `LazyAdapter` does
 * @throws Error of the database, without statements and parameters, when it can't be reached; what
 * the role may not read becomes a finding
 * @example
 * const { findings } = await doctor({ db, auth: authConfig, cwd: process.cwd() })
 */
export async function doctor(options: DoctorOptions): Promise<DoctorReport> {
  const { db, tables = {}, auth, cwd, cascade = false } = options
  const config = auth && readConfig(auth, process.env)
  const sessionMaxAge = options.sessionMaxAge ?? config?.longestSession ?? DEFAULT_SESSION_MAX_AGE
  const database = db && (await redactErrorsOf(() => examineDatabase(db, tables, { config, sessionMaxAge, cascade })))
  const findings: Finding[] = [
    ...(database?.findings ?? []),
    ...(db ? checkPipelining(db) : []),
    ...(config ? [...checkSecrets(config), ...checkConfig(config)] : []),
    ...(cwd === undefined ? [] : checkAuthCores(resolve(cwd))),
  ]
  return { findings: worstFirst(findings), purgeable: database?.purgeable ?? null }
}
