import { mkdir, readdir } from "node:fs/promises"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { LazyError, LazySetupError } from "../errors.js"
import type { Database } from "./lazy-store.js"
import { passwordsIn } from "./without-secrets.js"

/** What to do with an open database, and how an error says that it failed. */
interface Work<Result> {
  run: (db: Database) => Promise<Result>
  /** Such as "The migration failed". */
  failure: string
  /** Whether the folder of a PGlite database is made when it is missing; default: false. */
  create?: boolean
}

/**
 * Opens a database, does the work and closes it.
 *
 * @param address `postgres://…`, or the folder of a PGlite database, which is not to be open elsewhere
 * @throws LazySetupError when there is no such database or the work fails. The message is one line and holds no password.
 */
export async function withDatabase<Result>(address: string, work: Work<Result>): Promise<Result> {
  if (/^postgres(ql)?:\/\//.test(address)) return withPostgres(address, work)
  // Two characters at least, for the folders of Windows begin with one and a colon.
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(address)?.[0]
  if (scheme) throw new LazySetupError(`Only postgres://… and the folder of a PGlite database work here, not ${scheme}`)
  // An URL all the same, or what is left of one, which is not repeated: it may hold a password.
  if (/:\/\/|^\/\/|:[^\\/].*@|^["'\s]|["'\s]$/s.test(address))
    throw new LazySetupError(
      "The database address is neither postgres://… nor a folder. Are there quotes or blanks around it?",
    )
  return withPglite(address, work)
}

async function withPostgres<Result>(url: string, { run, failure }: Work<Result>): Promise<Result> {
  const client = connect(url)
  try {
    return await run(drizzle(client))
  } catch (error) {
    throw explain(error, failure, url, client.options)
  } finally {
    await client.end()
  }
}

function connect(url: string) {
  const afterHost = /[?/#].*/s.exec(url.slice(url.indexOf("://") + 3))?.[0] ?? ""
  try {
    // An unescaped password, cut off at one of these characters, would show up in messages as a host or a database.
    if (afterHost.includes("@")) throw new TypeError("The host comes after a path.")
    // A transaction-mode pooler knows no prepared statements.
    return postgres(url, { max: 1, prepare: false, fetch_types: false, onnotice: () => {} })
  } catch {
    throw new LazySetupError(
      "The database URL is not valid. It looks like postgres://user:password@host:5432/database, with / ? # @ % in the password percent-encoded.",
    )
  }
}

const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT|CONNECT_TIMEOUT|CONNECTION_\w+)$/

/** What went wrong, in one line and without the password. */
function explain(error: unknown, failure: string, url: string, options: postgres.Sql["options"]): LazyError {
  if (error instanceof LazyError) return error
  const cause = rootCause(error)
  const { host, port, path, user, database } = options
  const server = path ? path : host.map((name, position) => `${name}:${port[position]}`).join(", ")
  const code = (cause as { code?: unknown }).code
  if (typeof code === "string" && UNREACHABLE.test(code)) {
    return new LazySetupError(`No PostgreSQL server answers at ${server} (${code}).`)
  }
  if (code === "28P01") {
    return new LazySetupError(`The server at ${server} refused the user "${user}": wrong name or password.`)
  }
  if (code === "3D000") return new LazySetupError(`The server at ${server} has no database "${database}".`)
  return failed(
    failure,
    passwordsIn(url).reduce((message, password) => message.replaceAll(password, "***"), cause.message),
  )
}

const failed = (failure: string, message: string) =>
  new LazySetupError(`${failure}: ${message.replaceAll(/\s+/g, " ")}`)

/** Drizzle wraps what a driver throws. */
function rootCause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  return error.cause instanceof Error ? rootCause(error.cause) : error
}

async function withPglite<Result>(folder: string, { run, failure, create }: Work<Result>): Promise<Result> {
  const { PGlite } = await import("@electric-sql/pglite").catch(() => {
    throw new LazySetupError("To open a PGlite database, install it: npm install @electric-sql/pglite")
  })
  const { drizzle } = await import("drizzle-orm/pglite")
  await refuseOtherFolder(folder, create)
  try {
    await mkdir(folder, { recursive: true })
    const client = await PGlite.create(folder)
    try {
      return await run(drizzle(client))
    } finally {
      await client.close()
    }
  } catch (error) {
    throw error instanceof LazyError ? error : failed(failure, rootCause(error).message)
  }
}

/** PGlite would spread its files over whatever is in the folder. */
async function refuseOtherFolder(folder: string, create = false): Promise<void> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return []
    throw new LazySetupError(`${folder} is not a folder that can be read (${error.code}).`)
  })
  if (files.length === 0 && !create) throw new LazySetupError(`There is no PGlite database in ${folder}.`)
  if (files.length > 0 && !files.includes("PG_VERSION")) {
    throw new LazySetupError(`The folder ${folder} holds other files than a PGlite database.`)
  }
}
