import { LazySetupError } from "../../errors.js"
import { readUrlParameters, type UrlParameters } from "./url-parameters.js"

/** Describes a PostgreSQL server, as read from a `postgres://` URL. */
export interface PostgresAddress extends Pick<UrlParameters, "ssl" | "connection" | "servers" | "schema" | "notes"> {
  kind: "postgres"
  /** The hosts to try, in order. When empty, postgres.js uses `PGHOST`, or else localhost. */
  hosts: { host: string; port: number }[]
  /** The folder of a Unix socket, which replaces the hosts. */
  socket: { folder: string; port: number } | undefined
  user: string | undefined
  password: string | undefined
  database: string | undefined
  connectTimeout: number | undefined
}

/** Describes the folder of a PGlite database. */
export interface FolderAddress {
  kind: "folder"
  folder: string
  /** Whether the value is clearly a path, so that messages may repeat it. */
  isPath: boolean
}

const NOT_VALID =
  "The database URL is not valid. Write it as postgres://user:password@host:5432/database, with / ? # @ % in the password percent-encoded."
const NEITHER =
  "The database address is neither postgres://… nor a folder. Remove quotes and spaces around it. Before the name of a folder, write ./"
const DEFAULT_PORT = 5432

/** The advice for addresses of other services. */
const SCHEMES: Record<string, string> = {
  "prisma:": "Prisma Accelerate speaks HTTP. Use the URL of the database itself, which Prisma calls directUrl.",
  "prisma+postgres:":
    "Prisma Accelerate speaks HTTP. Use the URL of the database itself, which Prisma calls directUrl.",
  "jdbc:": "Write it without jdbc:, with the user and the password before the host.",
}

/**
 * Reads the value of `--database-url` or `DATABASE_URL`.
 * @throws LazySetupError for an invalid value, without repeating a part that may be a password
 */
export function readDatabaseAddress(address: string): PostgresAddress | FolderAddress {
  if (/^postgres(ql)?:\/\//i.test(address)) return readPostgresUrl(address)
  // Require two characters, because a Windows path begins with one and a colon.
  const scheme = /^(?:jdbc:(?=\w+:)|[a-z][a-z0-9+.-]+:(?=\/\/|\.?\/))/i.exec(address)?.[0].toLowerCase()
  if (scheme)
    throw new LazySetupError(
      `The database address must be postgres://… or the folder of a PGlite database, not ${scheme}${SCHEMES[scheme] ? ` ${SCHEMES[scheme]}` : ""}`,
    )
  const isPath = /^(\.{0,2}[\\/]|[a-z]:[\\/]|\.{1,2}$|~[\\/])/i.test(address) && !address.startsWith("//")
  if (isPath ? looksLikeConnection(address) : !/^[\p{L}\p{N}_.][\p{L}\p{N}\p{M} _.,+\\/-]*$/u.test(address))
    throw new LazySetupError(NEITHER)
  // Refuse the arguments of psql, and a value with a space at its end.
  if (/\s$|\s-/.test(address)) throw new LazySetupError(NEITHER)
  return { kind: "folder", folder: address, isPath }
}

/** Tells whether a value that begins like a path is a URL, or `name=value` pairs of a driver. */
function looksLikeConnection(path: string): boolean {
  return /:\/\/|[;\p{Cc}"']|:[^\\/]+@|\b(password|pwd|passwd|user|host|server|dbname)\s*=/iu.test(path)
}

function readPostgresUrl(url: string): PostgresAddress {
  const [, authority = "", path = "", query = "", fragment] =
    /^[^:]+:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/s.exec(url) ?? []
  // Without percent-encoding, part of a password would be read as a host or database, and printed.
  if (fragment !== undefined || /@/.test(path) || /@/.test(query) || /\s/.test(url)) throw new LazySetupError(NOT_VALID)
  const at = authority.lastIndexOf("@")
  const [user, password] = userInfo(at < 0 ? "" : authority.slice(0, at))
  const parameters = readUrlParameters(new URLSearchParams(query))
  const { place, notes, ssl, connection, servers, schema, connectTimeout } = parameters
  const port = place.port === undefined ? undefined : readPort(place.port)
  const given = place.hostaddr ?? place.host ?? authority.slice(at + 1)
  const hosts = given === "" ? [] : given.split(",").map((each) => readHost(each, port ?? DEFAULT_PORT))
  const [socket] = hosts.filter(({ host }) => host.startsWith("/"))
  return {
    kind: "postgres",
    hosts: socket ? [] : hosts,
    socket: socket && { folder: socket.host, port: socket.port },
    user: place.user ?? user,
    password: place.password ?? password,
    database: place.dbname ?? (path === "" ? undefined : decoded(path)),
    ssl,
    connection,
    servers,
    schema,
    connectTimeout,
    notes,
  }
}

function userInfo(text: string): [string | undefined, string | undefined] {
  if (text === "") return [undefined, undefined]
  // Without percent-encoding, part of a password would be read as the host.
  if (text.includes("@")) throw new LazySetupError(NOT_VALID)
  const colon = text.indexOf(":")
  if (colon < 0) return [decoded(text), undefined]
  return [decoded(text.slice(0, colon)) || undefined, decoded(text.slice(colon + 1))]
}

function readHost(text: string, port: number): { host: string; port: number } {
  const [, given = "", own] = /^(.*?)(?::(\d+))?$/s.exec(text) ?? []
  const at = { port: own === undefined ? port : readPort(own) }
  const host = decoded(given)
  // A socket folder, which on Google Cloud SQL contains colons.
  if (host.startsWith("/")) return { host, ...at }
  // Without brackets, the end of an IPv6 address would be read as a port.
  const [, name] = /^\[([\da-f:.%]+)\]$/i.exec(host) ?? /^([\p{L}\p{N}_.-]+)$/u.exec(host) ?? []
  if (name === undefined) throw new LazySetupError(NOT_VALID)
  return { host: name, ...at }
}

function readPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new LazySetupError(NOT_VALID)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new LazySetupError(NOT_VALID)
  }
}
