import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { parseEnv } from "node:util"

/** The files of variables that a command reads; the first one wins. */
const ENV_FILES = [".env.local", ".env"]

/** The variables that name the database of a command. */
const ADDRESSES = ["DATABASE_URL", "POSTGRES_URL"]

/**
 * The variables by which drivers fill in what an address leaves out, such as `PGHOST`, and the one
 * that turns Node's check of certificates off.
 */
const REST_OF_ADDRESS = /^(PG[A-Z_]+|NODE_TLS_REJECT_UNAUTHORIZED)$/

/**
 * Sets the variables of `.env.local` and `.env` in a folder that `env` doesn't have, as Node's
 * `--env-file` reads them.
 * @param given the address on the command line
 * @param onNote takes one sentence that names the files, and never a value
 * @returns the given address, or else that of `env`, or else that of the first file with one
 */
export async function readEnvFiles(
  folder: string,
  env: NodeJS.ProcessEnv,
  given: string | undefined,
  onNote: (note: string) => void,
): Promise<string | undefined> {
  const isInEnv = ADDRESSES.some((name) => env[name] !== undefined)
  const isGiven = given !== undefined || isInEnv
  // The files must not lead the command to another database than the address that was given.
  const isLeft = (name: string) => (isInEnv && ADDRESSES.includes(name)) || (isGiven && REST_OF_ADDRESS.test(name))
  let address = given ?? addressIn(env)
  const used: string[] = []
  for (const file of ENV_FILES) {
    const text = await readFile(join(folder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      // A folder called .env may be a virtual environment of Python.
      if (error.code !== "ENOENT" && error.code !== "EISDIR") onNote(`${file} can't be read (${error.code}).`)
      return ""
    })
    const missing = Object.entries(parseEnv(text)).filter(([name]) => env[name] === undefined && !isLeft(name))
    for (const [name, value] of missing) env[name] = value
    if (missing.length > 0) used.push(file)
    address ??= addressIn(env)
  }
  if (used.length > 0) onNote(`Reading variables from ${used.join(" and ")}.`)
  return address
}

/** Returns the address in the variables that hosts set, those of Vercel, Neon and Supabase last. */
const addressIn = (env: NodeJS.ProcessEnv): string | undefined => env.DATABASE_URL || env.POSTGRES_URL || undefined
