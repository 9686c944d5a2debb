import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import type {} from "vitest"
import type { TestProject } from "vitest/node"

/** Projects of vitest.config.ts whose tests open PGlite. */
const OPENING = ["database", "flows", "package"]

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the saved data of an empty PGlite database. */
    pgliteSnapshot: string | undefined
  }
}

/** Saves a PGlite database for all tests to open, because making one takes four times as long. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { project: chosen } = project.vitest.config
  if (chosen.length > 0 && !chosen.some((name) => OPENING.includes(name))) {
    project.provide("pgliteSnapshot", undefined)
    return async () => {}
  }
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-pglite-"))
  const snapshot = join(folder, "empty.tar")
  const client = new PGlite()
  await client.query("select 1")
  await writeFile(snapshot, await (await client.dumpDataDir("none")).bytes())
  await client.close()
  project.provide("pgliteSnapshot", snapshot)
  return () => rm(folder, { recursive: true, force: true })
}
