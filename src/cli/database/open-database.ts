import { mkdir, readdir } from "node:fs/promises"
import { resolve } from "node:path"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../../store/sql/database.js"
import { type PostgresAddress, readDatabaseAddress } from "./database-address.js"
import { explainFailure, type KnownPlace } from "./explain-failure.js"

/** Describes the work on an open database. */
interface Work<Result> {
  /** Does the work. Receives the PostgreSQL schema that the address names. */
  run: (db: Database, place: { schema: string | undefined }) => Promise<Result>
  /** Begins the message of an error, such as "The migration failed". */
  failure: string
  /**
   * Whether to create the folder of a PGlite database.
   * @default false
   */
  create?: boolean | undefined
  /**
   * The folder to which the path of a PGlite database is relative.
   * @default process.cwd()
   */
  cwd?: string
  /** The `casing` option of Drizzle, which names columns. */
  casing?: "snake_case" | "camelCase" | undefined
  /** Receives a sentence for each ignored part of the address. */
  onNote?: (note: string) => void
}

/**
 * Opens a database, does the work, and closes it.
 * @param address `postgres://…`, or the folder of a PGlite database that no other process has open
 * @throws LazySetupError when the database is missing or the work fails, in one line without the
 * password
 */
export async function withDatabase<Result>(address: string, work: Work<Result>): Promise<Result> {
  const read = readDatabaseAddress(address)
  return read.kind === "postgres" ? withPostgres(read, work) : withPglite(read.folder, work)
}

/** The methods that close a driver: `end` of postgres.js and pools, `close` of PGlite. */
interface Client {
  end?: () => Promise<unknown>
  close?: () => Promise<unknown>
}

/** Closes the connections of a Drizzle database after its pending statements. */
export async function closeClient(db: Database): Promise<void> {
  const { $client } = db as { $client?: Client }
  if (typeof $client?.end === "function") await $client.end()
  else if (typeof $client?.close === "function") await $client.close()
}

async function withPostgres<Result>(
  address: PostgresAddress,
  { run, failure, casing, onNote = () => {} }: Work<Result>,
): Promise<Result> {
  for (const note of address.notes) onNote(note)
  const client = connect(address)
  try {
    return await run(drizzle(client, { casing }), { schema: address.schema })
  } catch (error) {
    throw explainFailure(error, failure, placeOf(address, client.options))
  } finally {
    await client.end()
  }
}

function connect({ hosts, socket, user, password, database, ssl, ...settings }: PostgresAddress): postgres.Sql {
  // postgres.js takes several hosts as lists, which its types don't know:
  // https://github.com/porsager/postgres#multi-host-connections---high-availability-ha
  const servers = { host: hosts.map(({ host }) => host), port: hosts.map(({ port }) => port) } as unknown as object
  return postgres({
    ...(hosts.length > 0 && servers),
    // Like libpq, use no TLS on a socket.
    ...(socket && { path: `${socket.folder}/.s.PGSQL.${socket.port}`, ssl: false }),
    ...(ssl !== undefined && !socket && { ssl: TLS[ssl || "disable"] }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(settings.connectTimeout !== undefined && { connect_timeout: settings.connectTimeout }),
    ...(settings.servers !== undefined && { target_session_attrs: settings.servers }),
    connection: settings.connection,
    max: 1,
    // A pooler in transaction mode doesn't support prepared statements.
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
  })
}

/** Translates an sslmode for postgres.js. `verify-ca` accepts a certificate for any host. */
const TLS = {
  disable: false,
  prefer: "prefer",
  require: "require",
  "verify-ca": { checkServerIdentity: () => undefined },
  "verify-full": "verify-full",
} as const

function placeOf({ password }: PostgresAddress, options: postgres.Sql["options"]): KnownPlace {
  const { host, port, path, user, database } = options
  const server = path ? path : host.map((name, position) => `${name}:${port[position]}`).join(", ")
  return { server, user, password, database }
}

async function withPglite<Result>(
  folder: string,
  { run, failure, create, cwd = process.cwd(), casing }: Work<Result>,
): Promise<Result> {
  const { PGlite } = await import("@electric-sql/pglite").catch(() => {
    throw new LazySetupError("To open a PGlite database, install it: npm install @electric-sql/pglite")
  })
  const { drizzle } = await import("drizzle-orm/pglite")
  const path = resolve(cwd, folder)
  await refuseOtherFolder(folder, path, create)
  try {
    await mkdir(path, { recursive: true })
    const client = await PGlite.create(path)
    try {
      return await run(drizzle(client, { casing }), { schema: undefined })
    } finally {
      await client.close()
    }
  } catch (error) {
    throw explainFailure(error, failure, { of: folder })
  }
}

/** Refuses a folder with other files, among which PGlite would write its own. */
async function refuseOtherFolder(folder: string, path: string, create = false): Promise<void> {
  const files = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return []
    throw new LazySetupError(`${folder} is not a folder that can be read (${error.code}).`)
  })
  if (files.length === 0 && !create) throw new LazySetupError(`There is no PGlite database in ${folder}.`)
  if (files.length > 0 && !files.includes("PG_VERSION")) {
    throw new LazySetupError(`The folder ${folder} has files, but no PGlite database. Name another folder.`)
  }
}
