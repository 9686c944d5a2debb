import postgres from "postgres"
import { driver } from "../settings.js"

/** The address of the database that this server was started for. */
export function databaseUrl(): string {
  const [url] = process.argv.slice(2)
  if (url === undefined) throw new Error("The first argument of a server is the address of its database.")
  return url
}

/** The pool of every server that uses the driver `postgres`. */
export function connect(url = databaseUrl(), connection: Record<string, string> = {}): postgres.Sql {
  // Named first: the types of the driver don't know the setting.
  const options = { max: driver.poolSize, max_pipeline: driver.maxPipeline, onnotice: () => {}, connection }
  return postgres(url, options)
}
