import { dirname, join } from "node:path"
import type { Framework } from "./framework.js"
import { isTaken, readFileText } from "./source-files.js"

/** What the files of variables say; never the values. */
export interface EnvironmentFacts {
  /** The names that are set, in a file or in the environment of the command. */
  names: ReadonlySet<string>
  /** The variable with the address of the database. */
  address: "DATABASE_URL" | "POSTGRES_URL"
  /** The file that the app keeps its secrets in. */
  file: ".env" | ".env.local"
  /** Whether git ignores that file; undefined where that can't be read. */
  isIgnored: boolean | undefined
}

const FILES = [".env", ".env.local", ".env.development", ".env.development.local"]
const OF_INTEREST = ["AUTH_SECRET", "NEXTAUTH_SECRET", "DATABASE_URL", "POSTGRES_URL"]

/** Reads which variables the app sets. */
export async function readEnvironment(
  root: string,
  framework: Framework,
  env: NodeJS.ProcessEnv,
): Promise<EnvironmentFacts> {
  const names = new Set(OF_INTEREST.filter((name) => env[name]))
  for (const file of FILES) for (const name of variablesOf((await readFileText(root, file)) ?? "")) names.add(name)
  // An example names the variables that the app reads.
  const known = [...names, ...variablesOf((await readFileText(root, ".env.example")) ?? "", true)]
  const address = known.includes("POSTGRES_URL") && !known.includes("DATABASE_URL") ? "POSTGRES_URL" : "DATABASE_URL"
  const local = framework === "next" || (await isTaken(root, ".env.local"))
  const file = local ? ".env.local" : ".env"
  return { names, address, file, isIgnored: await isIgnored(root, file) }
}

/** Lists the variables that a file sets to something. */
export function variablesOf(text: string, empty = false): string[] {
  return [...text.matchAll(/^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(.*)$/gm)].flatMap(([, name = "", value = ""]) =>
    empty || !/^(?:|""|''|#.*)$/.test(value.trim()) ? [name] : [],
  )
}

const MOST_PARENTS = 6

/** Looks for a line of `.gitignore` that covers a file, from the app's folder to that of git. */
async function isIgnored(root: string, file: string): Promise<boolean | undefined> {
  let folder = root
  for (let n = 0; n < MOST_PARENTS; n++) {
    const lines = ((await readFileText(folder, ".gitignore")) ?? "").split(/\r?\n/).map((line) => line.trim())
    let ignored: boolean | undefined
    for (const line of lines) {
      if (line === "" || line.startsWith("#")) continue
      const pattern = line.replace(/^!/, "").replace(/^(?:\*\*)?\//, "")
      if (globOf(pattern).test(file)) ignored = !line.startsWith("!")
    }
    if (ignored !== undefined) return ignored
    if (await isTaken(folder, ".git")) return false
    if (dirname(folder) === folder) break
    folder = join(folder, "..")
  }
  return undefined
}

const globOf = (pattern: string) =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  )
