import type { App } from "../look/app.js"
import type { CodePlace, ExistingAuth } from "../look/auth-files.js"
import type { Framework } from "../look/framework.js"
import type { SourceFile } from "../look/source-files.js"
import type { AuthParts } from "../templates/auth.js"
import { importLine, sortImports } from "../templates/imports.js"
import type { Edit } from "./types.js"

/** Writes what takes the place of the call of each framework. */
const CALLS: Record<Framework, (config: string) => string> = {
  next: (config) => `NextAuth(${config})`,
  sveltekit: (config) => `SvelteKitAuth(async (event) => ${config}(event))`,
  hono: (config) => `initAuthConfig((c) => ${config}(c))`,
  express: (config) => `expressAuth(${config})`,
}

/** Plans the lines for the modules in which the app configures Auth.js today. */
export function planAuthEdits(app: App, existing: ExistingAuth, parts: AuthParts): { edits: Edit[]; config: string } {
  const { place, file, argument, adapter, providers } = existing
  const called = place.file.path
  const { path } = file
  const config = /\bauthConfig\b/.test(place.file.code) ? "lazyAuth" : "authConfig"
  const own = [
    importLine(["LazyAdapter"], "authjs-lazy/drizzle"),
    importLine(["ConvertProvider", "PasswordProvider"], "authjs-lazy/password"),
    ...parts.imports,
  ]
  const isNext = parts.framework === "next"
  const lazy = (names: string[]) => importLine(names, "authjs-lazy")
  const gates = isNext ? [importLine(["allowLazy", "requireReal", "withLazy"], "authjs-lazy/next")] : []
  const isOne = called === path
  const edits: Edit[] = [
    importEdit(file, [
      lazy(isOne && !isNext ? ["LazyProvider", "withLazy"] : ["LazyProvider"]),
      ...own,
      ...(isOne ? gates : []),
    ]),
    ...(isOne ? [] : [importEdit(place.file, isNext ? gates : [lazy(["withLazy"])])]),
    { path: called, line: place.line, place: "around the configuration", lines: wrap(app, existing, config) },
    adapterEdit(path, adapter, parts.adapter),
    {
      path,
      ...(providers && { line: providers.line }),
      place: providers ? "at the start of the providers" : "in the list of providers, wherever it is",
      lines: parts.providers.map((provider) => `+    ${provider},`),
    },
  ]
  if (!adapter && !/\bstrategy\s*:/.test(file.code) && argument.kind !== "other")
    edits.push({
      path,
      place:
        "in the configuration, so that everybody stays signed in: with an adapter, sessions would move to the database",
      lines: ['+  session: { strategy: "jwt" },'],
    })
  return { edits, config }
}

function importEdit(file: SourceFile, lines: string[]): Edit {
  const imported = [...file.code.matchAll(/import\s+(?:type\s+)?\{([^}]*)\}/g)].flatMap(([, names = ""]) =>
    names.split(","),
  )
  const has = (name: string) => imported.some((each) => each.trim() === name)
  const missing = lines.flatMap((line) => {
    const [, names = "", from = ""] = /^import \{ (.*) \} from "(.*)"$/.exec(line) ?? []
    const left = names.split(", ").filter((name) => !has(name))
    return left.length > 0 ? [importLine(left, from)] : []
  })
  return { path: file.path, line: 1, place: "with the imports", lines: sortImports(missing).map((line) => `+${line}`) }
}

function wrap({ framework }: App, { place, call, argument }: ExistingAuth, config: string): string[] {
  const { file, text } = place
  const statement = statementBefore(file.code, file.code.indexOf(`${call}(`))
  const made = `+${statement}${CALLS[framework](config)}${statement.includes("(") ? ")" : ""}`
  const gates =
    framework === "next"
      ? [
          `+export const lazy = allowLazy(${config})`,
          `+export const real = requireReal(${config}, { redirectTo: "/convert" })`,
        ]
      : []
  const given = argument.kind === "object" ? "{" : argument.text
  if (argument.kind !== "object") return [`-${text}`, `+export const ${config} = withLazy(${given})`, made, ...gates]
  return [
    `-${text}`,
    `+export const ${config} = withLazy({`,
    "   … the configuration as it is …",
    "+})",
    made,
    ...gates,
  ]
}

/** Returns what stands before the call in its statement, in one line. */
function statementBefore(code: string, position: number): string {
  const before = code.slice(0, Math.max(position, 0))
  const start = Math.max(before.lastIndexOf("\nexport "), before.lastIndexOf("\nconst "), before.lastIndexOf("\napp."))
  const statement = before.slice(start + 1).replaceAll(/\s+/g, " ")
  return statement.length <= 120 ? statement : ""
}

function adapterEdit(path: string, adapter: CodePlace | undefined, made: string): Edit {
  const lines = made.split("\n")
  const added = [`+  adapter: ${lines[0]}${lines.length === 1 ? "," : ""}`, ...lines.slice(1).map((line) => `+${line}`)]
  if (lines.length > 1) added[added.length - 1] += ","
  return {
    path,
    ...(adapter && { line: adapter.line }),
    place: adapter ? "in place of the adapter, with all that it is given" : "in the configuration",
    lines: [...(adapter ? [`-${adapter.text}`] : []), ...added],
  }
}
