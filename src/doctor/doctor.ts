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

/** What to examine; what isn't given isn't. */
export interface DoctorOptions {
  /** The database, as `LazyAdapter` takes it. Nothing is written to it. Default: no database is examined. */
  db?: Database
  /** The app's own tables, as `LazyAdapter` takes them. Default: the default tables. */
  tables?: LazyAdapterOptions
  /** What `withLazy` returned. Default: no configuration is examined. */
  auth?: LazyAuth
  /** The folder of the app, in which packages are looked for as Node does. Default: they are not. */
  cwd?: string
  /** How long a session can live, in seconds, for those who can be purged. Default: what `auth` says, or else 30 days. */
  sessionMaxAge?: number
  /** Whether the purge is run with `cascade`, so that keys without ON DELETE are no obstacle to it. Default: false. */
  cascade?: boolean
}

/** What {@link doctor} returns. */
export interface DoctorReport {
  /** The worst first; the same database and configuration give the same order. */
  findings: Finding[]
  /** How many lazy users a purge would look at now; null when that isn't known. */
  purgeable: number | null
}

/**
 * Looks for what bites people: in the database, in the configuration of Auth.js with this process's environment, and in the packages that
 * are installed. Each finding says what is wrong, what comes of it, and what to paste. Reads only.
 *
 * @throws LazySetupError when `tables` can't work, as `LazyAdapter` does
 * @throws whatever the database throws when it can't be reached, without statements and parameters; what a role may not read is a finding
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
