import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const packages = fileURLToPath(new URL("../../node_modules", import.meta.url))

/** A second copy of `@auth/core`, as npm puts one into next-auth when the app has another version. */
export interface OtherAuthCore {
  Auth: typeof import("@auth/core").Auth
  errors: typeof import("@auth/core/errors")
  remove: () => void
}

/** Copies `@auth/core` and loads the copy, whose classes differ from those of the original. */
export async function otherAuthCore(): Promise<OtherAuthCore> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "authjs-lazy-core-")))
  const copy = join(folder, "node_modules/@auth/core")
  mkdirSync(dirname(copy), { recursive: true })
  cpSync(join(packages, "@auth/core"), copy, { recursive: true, filter: (path) => !/\.(map|d\.ts)$/.test(path) })
  for (const name of ["@panva", "jose", "oauth4webapi", "preact", "preact-render-to-string"])
    symlinkSync(join(packages, name), join(folder, "node_modules", name))
  const load = (file: string) => import(pathToFileURL(join(copy, file)).href)
  const [{ Auth }, errors] = await Promise.all([load("index.js"), load("errors.js")])
  return { Auth, errors, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
