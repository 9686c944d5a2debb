import { LazySetupError } from "../../errors.js"

/** Holds the parameters of a database URL, translated for postgres.js. */
export interface UrlParameters {
  /** The server and the user, by the parameter names of libpq. */
  place: Partial<Record<Place, string>>
  ssl: "prefer" | "require" | "verify-ca" | "verify-full" | false | undefined
  /** The settings to send to the server when a connection starts. */
  connection: Record<string, string>
  /** The kind of server to use, as in `target_session_attrs` of libpq. */
  servers: (typeof SERVERS)[number] | undefined
  /** In seconds. */
  connectTimeout: number | undefined
  /** The PostgreSQL schema that Prisma calls `schema`. */
  schema: string | undefined
  /** One sentence for each ignored parameter, without its value. */
  notes: string[]
}

const PLACES = ["host", "hostaddr", "port", "user", "password", "dbname"] as const
type Place = (typeof PLACES)[number]

const SERVERS = ["read-write", "read-only", "primary", "standby", "prefer-standby"] as const
/** Server settings in a URL: https://www.postgresql.org/docs/current/runtime-config-client.html */
const SERVER_SETTINGS = ["application_name", "search_path", "statement_timeout", "lock_timeout", "timezone", "role"]
/** Maps each sslmode, also those that libpq doesn't have, to one of postgres.js. */
const SSL: Record<string, UrlParameters["ssl"]> = {
  disable: false,
  false: false,
  0: false,
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  true: "require",
  1: "require",
  "no-verify": "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
}

/**
 * Reads the parameters of a database URL: those of libpq, Prisma, Supabase and Neon. Adds a note on
 * each ignored one.
 * @throws LazySetupError for an invalid value, without repeating it
 */
export function readUrlParameters(query: URLSearchParams): UrlParameters {
  const read: UrlParameters = {
    place: {},
    ssl: undefined,
    connection: {},
    servers: undefined,
    connectTimeout: undefined,
    schema: undefined,
    notes: [],
  }
  const ignored: string[] = []
  for (const [name, value] of query) if (!readParameter(read, name, value, query)) ignored.push(name)
  if (ignored.length > 0)
    read.notes.push(`Ignored in the database URL: ${[...new Set(ignored)].map(shown).join(", ")}.`)
  if (query.has("sslrootcert") && query.get("sslrootcert") !== "system")
    read.notes.push(
      "sslrootcert is not read. To verify the server's certificate, set NODE_EXTRA_CA_CERTS=<file>, and sslmode=verify-full in the URL.",
    )
  return read
}

function readParameter(read: UrlParameters, name: string, value: string, query: URLSearchParams): boolean {
  // libpq ignores a parameter without a value.
  if (value === "") return true
  if (isPlace(name)) read.place[name] = value
  else if (name === "sslmode" || name === "ssl") read.ssl = readSsl(name, value, query)
  else if (name === "sslrootcert" && value === "system") read.ssl = "verify-full"
  // Prisma's parameter for the certificate check, which `readSsl` reads together with sslmode.
  else if (name === "sslaccept") return true
  else if (name === "schema") read.schema = value
  else if (name === "connect_timeout") read.connectTimeout = readSeconds(name, value)
  else if (name === "target_session_attrs") read.servers = value === "any" ? undefined : oneOf(name, value, SERVERS)
  else if (name === "options") return readOptions(read, value)
  else if (name === "service")
    throw new LazySetupError(
      "The database URL names a service, but service files are not read. Write its host, port and database into the URL.",
    )
  else if (SERVER_SETTINGS.includes(name.toLowerCase())) read.connection[name] = value
  else return false
  return true
}

const isPlace = (name: string): name is Place => (PLACES as readonly string[]).includes(name)

function readSsl(name: string, value: string, query: URLSearchParams): UrlParameters["ssl"] {
  const ssl = SSL[oneOf(name, value.toLowerCase(), Object.keys(SSL))]
  return ssl === "require" && query.get("sslaccept") === "strict" ? "verify-full" : ssl
}

function readSeconds(name: string, value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value)
  throw new LazySetupError(`${name} in the database URL must be a number of seconds.`)
}

function oneOf<Value extends string>(name: string, value: string, allowed: readonly Value[]): Value {
  const found = allowed.find((each) => each === value)
  if (found !== undefined) return found
  throw new LazySetupError(`${name} in the database URL must be one of ${allowed.join(", ")}.`)
}

/**
 * Reads `options`: switches for the server, such as `-c search_path=app`. Drops the words for the
 * proxies of Neon and Supabase (`endpoint=…`), which also know them from the host name.
 * @returns false when it dropped a word
 */
function readOptions(read: UrlParameters, value: string): boolean {
  const words = value.split(/(?<!\\)\s+/).filter((word) => word !== "")
  const isForProxy = (word: string, position: number) =>
    /^(endpoint|project|reference)=/.test(word) && words[position - 1] !== "-c"
  const own = words.filter((word, position) => !isForProxy(word, position))
  if (own.length > 0) read.connection.options = own.join(" ")
  return own.length === words.length
}

/** Returns a parameter's name, unless it may be part of a secret. */
const shown = (name: string) => (/^[\w.-]{1,40}$/.test(name) ? name : "a parameter without a proper name")
