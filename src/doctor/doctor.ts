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
import { readAdapterTables, readConfig } from "./app/read-config.js"
import { examineDatabase } from "./database/examine-database.js"
import { type Finding, worstFirst } from "./finding.js"

/**
 * Names the parts that {@link doctor} examines.
 * @example
 * const options: DoctorOptions = { db, auth: authConfig, cwd: process.cwd() }
 */
export interface DoctorOptions {
  /**
   * The database, as passed to `LazyAdapter`. The doctor only reads it.
   * @default no database is examined
   */
  db?: Database
  /**
   * The app's own tables, as passed to `LazyAdapter`.
   * @default those of the adapter of `auth`, or else the default tables
   */
  tables?: LazyAdapterOptions
  /**
   * The configuration that `withLazy` returned.
   * @default no configuration is examined
   */
  auth?: LazyAuth
  /**
   * The folder of the app, from which the doctor resolves packages as Node does.
   * @default packages are not examined
   */
  cwd?: string
  /**
   * How long a session can live, in seconds. Decides which lazy users count as purgeable.
   * @default the longest session of `auth`, or else 30 days
   */
  sessionMaxAge?: number
  /**
   * Whether the app purges with `cascade`, so that foreign keys without ON DELETE don't stop it.
   * @default false
   */
  cascade?: boolean
  /**
   * Whether lazy users in other tables of the database belong to another app.
   * @default false
   */
  beside?: boolean
}

/** Reports what {@link doctor} found. */
export interface DoctorReport {
  /** The worst first, in a stable order. */
  findings: Finding[]
  /** The number of lazy users that a purge would examine now; null when the doctor can't tell. */
  purgeable: number | null
}

/**
 * Examines the database, the configuration, the environment and the installed packages. Each
 * finding says what is wrong, what that causes, and what to paste. The doctor writes nothing.
 * @throws LazySetupError when `tables` can't work, as `LazyAdapter` does
 * @throws Error of the database, without statements and parameters, when it can't be reached. A
 * missing privilege becomes a finding.
 * @example
 * const { findings } = await doctor({ db, auth: authConfig, cwd: process.cwd() })
 */
export function doctor(options: DoctorOptions): Promise<DoctorReport> {
  return examine(options, { isKnown: options.tables !== undefined || options.auth !== undefined })
}

/**
 * Implements {@link doctor}.
 * @param isKnown whether the app named its tables, so that the default ones are no guess
 */
export async function examine(options: DoctorOptions, { isKnown }: { isKnown: boolean }): Promise<DoctorReport> {
  const { db, auth, cwd, cascade = false, beside = false } = options
  const config = auth && readConfig(auth, process.env)
  const sessionMaxAge = options.sessionMaxAge ?? config?.longestSession ?? DEFAULT_SESSION_MAX_AGE
  const tables = options.tables ?? (auth && readAdapterTables(auth))
  const circumstances = { config, sessionMaxAge, cascade, beside, isKnown }
  const database = db && (await redactErrorsOf(() => examineDatabase(db, tables ?? {}, circumstances)))
  const findings: Finding[] = [
    ...(database?.findings ?? []),
    ...(db ? checkPipelining(db) : []),
    ...(config ? [...checkSecrets(config), ...checkConfig(config)] : []),
    ...(cwd === undefined ? [] : checkAuthCores(resolve(cwd))),
  ]
  return { findings: worstFirst(findings), purgeable: database?.purgeable ?? null }
}
