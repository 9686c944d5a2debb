import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type {} from "vitest"
import type { TestProject } from "vitest/node"

const root = fileURLToPath(new URL("../..", import.meta.url))
/** Projects of vitest.config.ts whose tests install the package. */
const INSTALLING = ["frameworks", "next", "package", "browser"]

declare module "vitest" {
  interface ProvidedContext {
    /** The package as npm would publish it; undefined when no test of this run installs it. */
    tarball: { path: string; files: string[] } | undefined
  }
}

/** Packs the library once for all tests that install it. Run `npm run build` first. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { project: chosen } = project.vitest.config
  if (chosen.length > 0 && !chosen.some((name) => INSTALLING.includes(name))) {
    project.provide("tarball", undefined)
    return async () => {}
  }
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-packed-"))
  const packing = promisify(execFile)("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    maxBuffer: 32 * 1024 * 1024,
  })
  const [{ filename, files }] = JSON.parse((await packing).stdout) as [{ filename: string; files: { path: string }[] }]
  project.provide("tarball", { path: join(folder, filename), files: files.map(({ path }) => path) })
  return () => rm(folder, { recursive: true, force: true })
}
