import { isAbsolute, join } from "node:path"
import type { Manifest } from "./manifest.js"
import { objectOf, parseObject } from "./manifest.js"
import { readFileText, type Sources } from "./source-files.js"
import { withoutComments } from "./source-text.js"

/** How the app writes and names its modules. */
export interface Language {
  typescript: boolean
  /** The end of a file's name, such as `.ts`. */
  extension: ".ts" | ".js" | ".mjs"
  /** The end of a name in an import, such as `.js`, for a server; bundlers need none. */
  importEnd: ".js" | ".ts" | ".mjs" | ""
  /** What names start with that stands for a folder, such as `@/` for `src/`; undefined without. */
  alias: { start: string; folder: string } | undefined
  /** What could not be read. */
  unknown: string[]
}

/** Finds out how the app writes its modules. */
export async function readLanguage(root: string, manifest: Manifest, sources: Sources): Promise<Language> {
  const own = sources.files.filter(({ path }) => !/\.config\.\w+$|\.prisma$/.test(path))
  const typescript =
    sources.paths.has("tsconfig.json") ||
    own.some(({ path }) => /\.[cm]?tsx?$/.test(path)) ||
    (manifest.packages.has("typescript") && own.length === 0)
  const name = typescript ? "tsconfig.json" : "jsconfig.json"
  const { options, unknown } = await readCompilerOptions(root, name)
  const alias = aliasOf(options)
  if (!typescript) {
    const extension = manifest.isModule ? ".js" : ".mjs"
    return { typescript, extension, importEnd: extension, alias, unknown }
  }
  const ownNames = options.allowImportingTsExtensions === true || options.rewriteRelativeImportExtensions === true
  return { typescript, extension: ".ts", importEnd: ownNames ? ".ts" : ".js", alias, unknown }
}

const MOST_PARENTS = 5

async function readCompilerOptions(
  root: string,
  name: string,
): Promise<{ options: Record<string, unknown>; unknown: string[] }> {
  const unknown: string[] = []
  let options: Record<string, unknown> = {}
  let path = name
  for (let n = 0; n < MOST_PARENTS; n++) {
    const text = await readFileText(root, path)
    if (text === undefined) break
    const config = parseObject(withoutComments(text).replaceAll(/,(?=\s*[}\]])/g, ""))
    if (!config) {
      unknown.push(`${path} could not be read as JSON, so the imports may need other paths.`)
      break
    }
    options = { ...objectOf(config.compilerOptions), ...options }
    const parent = config.extends
    // What a package or a generated file says is left at its defaults.
    if (typeof parent !== "string" || !parent.startsWith(".") || isAbsolute(parent)) break
    path = join(path, "..", parent.endsWith(".json") ? parent : `${parent}.json`)
  }
  return { options, unknown }
}

function aliasOf({ paths, baseUrl }: Record<string, unknown>): Language["alias"] {
  for (const [pattern, targets] of Object.entries(objectOf(paths))) {
    const target: unknown = [targets].flat()[0]
    if (typeof target !== "string" || !/^[@~#$]\/\*$/.test(pattern)) continue
    const folder = join(typeof baseUrl === "string" ? baseUrl : ".", target).replaceAll("\\", "/")
    if (folder === "*" || /^(?!\.\.)[\w./-]+\/\*$/.test(folder))
      return { start: pattern.slice(0, -1), folder: folder.slice(0, -1) }
  }
  return undefined
}
