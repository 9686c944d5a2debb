import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { PGlite } from "@electric-sql/pglite"
import { drizzle } from "drizzle-orm/pglite"
import { migrate } from "drizzle-orm/pglite/migrator"
import type {} from "vitest"
import type { TestProject } from "vitest/node"

const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url))
/** Projects of vitest.config.ts whose tests open PGlite. */
const OPENING = ["database", "flows", "browser", "frameworks", "next", "package"]

declare module "vitest" {
  interface ProvidedContext {
    /** Paths of saved data: an empty PGlite database, and one with the default tables. */
    pgliteSnapshots: { empty: string; migrated: string } | undefined
  }
}

/** Saves PGlite databases for all tests to open, because making one takes four times as long. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { project: chosen } = project.vitest.config
  if (chosen.length > 0 && !chosen.some((name) => OPENING.includes(name))) {
    project.provide("pgliteSnapshots", undefined)
    return async () => {}
  }
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-pglite-"))
  const snapshots = { empty: join(folder, "empty.tar"), migrated: join(folder, "migrated.tar") }
  const client = new PGlite()
  const save = async (path: string) => writeFile(path, await (await client.dumpDataDir("none")).bytes())
  await client.query("select 1")
  await save(snapshots.empty)
  await migrate(drizzle(client), { migrationsFolder })
  await save(snapshots.migrated)
  await client.close()
  project.provide("pgliteSnapshots", snapshots)
  return () => rm(folder, { recursive: true, force: true })
}
