import { LazyError, LazySetupError } from "../../errors.js"
import { redactError } from "../../store/sql/redact.js"
import { withoutSecrets } from "../../store/sql/without-secrets.js"
import { UsageError } from "../exit-codes.js"

/** Describes where a database is, as far as known. */
export interface KnownPlace {
  /** The server, such as `127.0.0.1:5432`. */
  server?: string
  /** The module of the app that names the server. */
  of?: string
  user?: string
  password?: string | undefined
  database?: string
}

const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT|CONNECT_TIMEOUT|CONNECTION_\w+)$/

/**
 * Turns an error of a database or driver into one with a single line and no password.
 * @param failure the beginning of the message, such as "The migration failed"
 */
export function explainFailure(
  error: unknown,
  failure: string,
  { server, of, user, password, database }: KnownPlace = {},
): Error {
  if (error instanceof LazyError || error instanceof UsageError) return error
  const cause = driverError(redactError(error))
  const code = (cause as { code?: unknown }).code
  const where = server ?? `the address in the configuration of ${of}`
  // Without a server, ENOENT may come from a hook of the app that reads a file.
  const isServer = server !== undefined || code !== "ENOENT"
  if (typeof code === "string" && UNREACHABLE.test(code) && isServer)
    return new LazySetupError(`No PostgreSQL server answers at ${where} (${code}).`)
  if (server !== undefined && code === "28P01")
    return new LazySetupError(`The server at ${server} refused the user "${user}": wrong name or password.`)
  if (server !== undefined && code === "3D000")
    return new LazySetupError(`The server at ${server} has no database "${database}".`)
  const message = password ? cause.message.replaceAll(password, "***") : cause.message
  return new LazySetupError(`${failure}: ${withoutSecrets(message).replaceAll(/\s+/g, " ")}`)
}

/** Finds the error of the driver, which Drizzle wraps. */
function driverError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  return error.cause instanceof Error ? driverError(error.cause) : error
}
