import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { parseEnv } from "node:util"

/** The files of variables that a command reads; the first one wins. */
const ENV_FILES = [".env.local", ".env"]

/** The variables that name the database of a command. */
const ADDRESSES = ["DATABASE_URL", "POSTGRES_URL"]

/**
 * Sets the variables of `.env.local` and `.env` in a folder that `env` doesn't have, as Node's
 * `--env-file` reads them.
 * @param onNote takes one sentence that names the files, and never a value
 */
export async function readEnvFiles(
  folder: string,
  env: NodeJS.ProcessEnv,
  onNote: (note: string) => void,
): Promise<void> {
  const used: string[] = []
  for (const file of ENV_FILES) {
    const text = await readFile(join(folder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      // A folder called .env may be a virtual environment of Python.
      if (error.code !== "ENOENT" && error.code !== "EISDIR") onNote(`${file} can't be read (${error.code}).`)
      return ""
    })
    if (setMissing(env, parseEnv(text))) used.push(file)
  }
  if (used.length > 0) onNote(`Reading variables from ${used.join(" and ")}.`)
}

/** Sets what isn't set, and tells whether there was any. */
function setMissing(env: NodeJS.ProcessEnv, variables: NodeJS.Dict<string>): boolean {
  // A file must not lead the command to another database than the one that is set.
  const hasAddress = ADDRESSES.some((name) => env[name] !== undefined)
  const missing = Object.entries(variables).filter(
    ([name]) => env[name] === undefined && !(hasAddress && ADDRESSES.includes(name)),
  )
  for (const [name, value] of missing) env[name] = value
  return missing.length > 0
}
