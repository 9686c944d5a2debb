import { LazySetupError } from "../../errors.js"
import { readUrlParameters, type UrlParameters } from "./url-parameters.js"

/** A PostgreSQL server, as a `postgres://` URL says. */
export interface PostgresAddress extends Pick<UrlParameters, "ssl" | "connection" | "servers" | "schema" | "notes"> {
  kind: "postgres"
  /** The hosts to try, in order. Empty: as `PGHOST` says, or this machine. */
  hosts: { host: string; port: number }[]
  /** The folder of its socket, in place of hosts. */
  socket: { folder: string; port: number } | undefined
  user: string | undefined
  password: string | undefined
  database: string | undefined
  connectTimeout: number | undefined
}

/** The folder of a PGlite database. */
export interface FolderAddress {
  kind: "folder"
  folder: string
  /** Whether the value is clearly a path, which may be printed and may hold any characters. */
  isPath: boolean
}

const NOT_VALID =
  "The database URL is not valid. It looks like postgres://user:password@host:5432/database, with / ? # @ % in the password percent-encoded."
const NEITHER =
  "The database address is neither postgres://… nor a folder. Are there quotes or blanks around it? For a folder, write ./ before its name."
const DEFAULT_PORT = 5432

/** What to answer to addresses of other services. */
const SCHEMES: Record<string, string> = {
  "prisma:": "Prisma Accelerate speaks HTTP. Use the URL of the database itself, which Prisma calls directUrl.",
  "prisma+postgres:":
    "Prisma Accelerate speaks HTTP. Use the URL of the database itself, which Prisma calls directUrl.",
  "jdbc:": "Write it without jdbc:, with the user and the password before the host.",
}

/**
 * Reads the value of `DATABASE_URL`.
 * @throws LazySetupError for anything else. The message repeats no part that may be a password.
 */
export function readDatabaseAddress(address: string): PostgresAddress | FolderAddress {
  if (/^postgres(ql)?:\/\//i.test(address)) return readPostgresUrl(address)
  // Two characters at least, for the folders of Windows begin with one and a colon.
  const scheme = /^(?:jdbc:(?=\w+:)|[a-z][a-z0-9+.-]+:(?=\/\/|\.?\/))/i.exec(address)?.[0].toLowerCase()
  if (scheme)
    throw new LazySetupError(
      `Only postgres://… and the folder of a PGlite database work here, not ${scheme}${SCHEMES[scheme] ? ` ${SCHEMES[scheme]}` : ""}`,
    )
  const isPath = /^(\.{0,2}[\\/]|[a-z]:[\\/]|\.{1,2}$|~[\\/])/i.test(address) && !address.startsWith("//")
  if (isPath ? looksLikeConnection(address) : !/^[\p{L}\p{N}_.][\p{L}\p{N}\p{M} _.,+\\/-]*$/u.test(address))
    throw new LazySetupError(NEITHER)
  // `psql -h host …`, or a value that was not trimmed.
  if (/\s$|\s-/.test(address)) throw new LazySetupError(NEITHER)
  return { kind: "folder", folder: address, isPath }
}

/** An URL, or the `name=value` pairs of some driver, that begin like a path. */
function looksLikeConnection(path: string): boolean {
  return /:\/\/|[;\p{Cc}"']|:[^\\/]+@|\b(password|pwd|passwd|user|host|server|dbname)\s*=/iu.test(path)
}

function readPostgresUrl(url: string): PostgresAddress {
  const [, authority = "", path = "", query = "", fragment] =
    /^[^:]+:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/s.exec(url) ?? []
  // An unescaped password, cut off at one of these characters, would show up in messages as a host or a database.
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
  // Unescaped, the rest of a password would be taken for the host.
  if (text.includes("@")) throw new LazySetupError(NOT_VALID)
  const colon = text.indexOf(":")
  if (colon < 0) return [decoded(text), undefined]
  return [decoded(text.slice(0, colon)) || undefined, decoded(text.slice(colon + 1))]
}

function readHost(text: string, port: number): { host: string; port: number } {
  const [, given = "", own] = /^(.*?)(?::(\d+))?$/s.exec(text) ?? []
  const at = { port: own === undefined ? port : readPort(own) }
  const host = decoded(given)
  // The folder of a socket; those of Google's Cloud SQL have colons in them.
  if (host.startsWith("/")) return { host, ...at }
  // Without brackets, the end of an IPv6 address would be taken for a port.
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
