import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { cpus, type as systemName, totalmem } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const PACKAGES = [
  "@auth/core",
  "drizzle-orm",
  "postgres",
  "better-auth",
  "@better-auth/drizzle-adapter",
  "pg",
  "kysely",
  "autocannon",
]

/** The machine and the versions of a measurement, to compare figures. */
export interface Machine {
  date: string
  processor: string
  cores: number
  memoryGB: number
  system: string
  versions: Record<string, string>
}

/** This machine, and the versions of everything that takes part. */
export async function describeMachine(postgresVersion: string): Promise<Machine> {
  const processors = cpus()
  const packages = await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)] as const))
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGB: Math.round(totalmem() / 1024 ** 3),
    system: systemName(),
    versions: { "Node.js": process.versions.node, PostgreSQL: postgresVersion, ...Object.fromEntries(packages) },
  }
}

/** Some packages don't export their package.json, so search for it where Node finds the package. */
async function versionOf(name: string): Promise<string> {
  const folders = createRequire(fileURLToPath(import.meta.url)).resolve.paths(name) ?? []
  for (const folder of folders) {
    const text = await readFile(join(folder, name, "package.json"), "utf8").catch(() => undefined)
    if (text) return (JSON.parse(text) as { version: string }).version
  }
  throw new Error(`${name} is not installed: npm ci in ${dirname(fileURLToPath(import.meta.url))}.`)
}
