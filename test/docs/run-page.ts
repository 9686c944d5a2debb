import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { secret } from "../setup/flow-app.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { blocksOf, page } from "./pages.js"

/** Runs the code of a page of the documentation. */
export interface RunningPage {
  /** Imports a file of the page, or one of those that the page assumes. */
  load: <Module>(file: string) => Promise<Module>
  /** Returns the text of a block that names its file. */
  block: (file: string) => string
  /** Changes a file that is not loaded yet, such as one that the page assumes. */
  change: (file: string, from: string, to: string) => void
}

/** Writes the TypeScript of a page into an empty folder. */
export function runPage(path: string): RunningPage {
  const source = page(path)
  const folder = freshFolder(`docs-run-${path.replaceAll(/\W+/g, "-")}`)
  writeBlocks(source, folder)
  return {
    load: async <Module>(file: string) =>
      (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module,
    block(file) {
      const found = blocksOf(source).find((block) => block.file === file)
      if (!found) throw new Error(`${path} has no block file=${file}.`)
      return found.code
    },
    change(file, from, to) {
      const text = readFileSync(join(folder, file), "utf8")
      if (!text.includes(from)) throw new Error(`${file} has no ${from}.`)
      writeFileSync(join(folder, file), text.replace(from, to))
    },
  }
}

/** Sets what examples read from the environment. Returns a function that sets it back. */
export function setEnvironment(variables: Record<string, string>): () => void {
  const changes = { AUTH_SECRET: secret, AUTH_TRUST_HOST: "true", ...variables }
  const before = Object.keys(changes).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, changes)
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}
