import { mkdir, readdir } from "node:fs/promises"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { LazyError, LazySetupError } from "../../errors.js"
import type { Database } from "../../store/sql/database.js"
import { redactError } from "../../store/sql/redact.js"
import { withoutSecrets } from "../../store/sql/without-secrets.js"
import { type PostgresAddress, readDatabaseAddress } from "./database-address.js"

/** What to do with an open database, and how an error says that it failed. */
interface Work<Result> {
  /** Receives the PostgreSQL schema that the address names. */
  run: (db: Database, place: { schema: string | undefined }) => Promise<Result>
  /** Such as "The migration failed". */
  failure: string
  /** Whether the folder of a PGlite database is made when it is missing; default: false. */
  create?: boolean
  /** Receives a sentence for each ignored part of the address. */
  onNote?: (note: string) => void
}

/**
 * Opens a database, does the work and closes it.
 *
 * @param address `postgres://…`, or the folder of a PGlite database, which is not to be open elsewhere
 * @throws LazySetupError when there is no such database or the work fails. The message is one line and holds no password.
 */
export async function withDatabase<Result>(address: string, work: Work<Result>): Promise<Result> {
  const read = readDatabaseAddress(address)
  return read.kind === "postgres" ? withPostgres(read, work) : withPglite(read.folder, work)
}

async function withPostgres<Result>(
  address: PostgresAddress,
  { run, failure, onNote = () => {} }: Work<Result>,
): Promise<Result> {
  for (const note of address.notes) onNote(note)
  const client = connect(address)
  try {
    return await run(drizzle(client), { schema: address.schema })
  } catch (error) {
    throw explain(error, failure, address, client.options)
  } finally {
    await client.end()
  }
}

function connect({ hosts, socket, user, password, database, ssl, ...settings }: PostgresAddress): postgres.Sql {
  // Its types don't know of lists, which it takes: https://github.com/porsager/postgres#multi-host-connections---high-availability-ha
  const servers = { host: hosts.map(({ host }) => host), port: hosts.map(({ port }) => port) } as unknown as object
  return postgres({
    ...(hosts.length > 0 && servers),
    // libpq does not use TLS on a socket either.
    ...(socket && { path: `${socket.folder}/.s.PGSQL.${socket.port}`, ssl: false }),
    ...(ssl !== undefined && !socket && { ssl: TLS[ssl || "disable"] }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(settings.connectTimeout !== undefined && { connect_timeout: settings.connectTimeout }),
    ...(settings.servers !== undefined && { target_session_attrs: settings.servers }),
    connection: settings.connection,
    max: 1,
    // A transaction-mode pooler knows no prepared statements.
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
  })
}

/** Translates an sslmode for postgres.js. With `verify-ca`, a certificate is valid for any host. */
const TLS = {
  disable: false,
  prefer: "prefer",
  require: "require",
  "verify-ca": { checkServerIdentity: () => undefined },
  "verify-full": "verify-full",
} as const

const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT|CONNECT_TIMEOUT|CONNECTION_\w+)$/

/** What went wrong, in one line and without the password. */
function explain(
  error: unknown,
  failure: string,
  { password }: PostgresAddress,
  options: postgres.Sql["options"],
): LazyError {
  if (error instanceof LazyError) return error
  const cause = rootCause(redactError(error))
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
  return failed(failure, password ? cause.message.replaceAll(password, "***") : cause.message)
}

const failed = (failure: string, message: string) =>
  new LazySetupError(`${failure}: ${withoutSecrets(message).replaceAll(/\s+/g, " ")}`)

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
      return await run(drizzle(client), { schema: undefined })
    } finally {
      await client.close()
    }
  } catch (error) {
    throw error instanceof LazyError ? error : failed(failure, rootCause(redactError(error)).message)
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
