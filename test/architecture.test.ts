import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

/** Text of every module by its path below src. */
type Modules = ReadonlyMap<string, string>

interface Import {
  from: string
  /** A path below src, or the name of a package. */
  to: string
  typeOnly: boolean
}

const root = fileURLToPath(new URL("..", import.meta.url))
const modules: Modules = new Map(
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => [path, readFileSync(join(root, "src", path), "utf8")]),
)
const { exports: entryPoints } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { default: string }>
}
const entries = Object.values(entryPoints)
  .filter((target) => typeof target === "object")
  .map((target) => target.default.replace("./dist/", "").replace(/\.js$/, ".ts"))

/**
 * Names which folders, and which files beside them, stand on which: an import leads within a folder
 * or further down. The longest name that fits a file is its place.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["entry"],
  ["cli"],
  ["cli/report/init-summary.ts"],
  ["cli/init"],
  ["cli/app", "cli/database", "gate/express", "gate/next", "pages", "react", "stats", "telemetry"],
  ["messages"],
  ["cli/exit-codes.ts", "cli/report"],
  ["gate"],
  ["doctor"],
  ["doctor/database"],
  ["doctor/keys"],
  ["doctor/tables"],
  ["doctor/app", "doctor/server"],
  ["doctor/finding.ts"],
  ["auth"],
  ["auth/providers"],
  ["auth/linking", "password"],
  ["auth/context"],
  ["auth/session"],
  ["auth/config", "auth/token"],
  ["auth/request"],
  ["store"],
  ["store/adopt"],
  ["store/stats"],
  ["store/merge", "store/purge", "store/create"],
  ["store/users"],
  ["store/deletion", "store/identifiers"],
  ["store/tables"],
  ["store/sql"],
  ["email-address.ts", "new-id.ts", "option-reader.ts", "random-bytes.ts", "setup-problems.ts"],
  ["errors.ts"],
]

const PLACES = LAYERS.flat()

function layerOf(path: string): string {
  if (entries.includes(path)) return "entry"
  const parts = path.split("/")
  const names = parts.map((_, n) => parts.slice(0, parts.length - n).join("/"))
  return names.find((name) => PLACES.includes(name)) ?? (parts[0] as string)
}

/** The first folder of a path, whatever room of it the file is in. */
const houseOf = (path: string) => (entries.includes(path) ? "entry" : (path.split("/")[0] as string))

// Biome writes all imports alike: at the start of a line, in double quotes.
const STATEMENT = /^(?:import|export) (?<type>type )?(?:[^"'`;=()]*? from )?"(?<target>[^"]+)"/gm
const DYNAMIC = /\bimport\(\s*"(?<target>[^"]+)"/g

function importsOf(all: Modules): Import[] {
  return [...all].flatMap(([from, text]) =>
    [...text.matchAll(STATEMENT), ...text.matchAll(DYNAMIC)].map(({ groups }) => ({
      from,
      to: resolve(all, from, groups?.target as string),
      typeOnly: groups?.type !== undefined,
    })),
  )
}

function resolve(all: Modules, from: string, target: string): string {
  if (!target.startsWith(".")) return target
  const { pathname } = new URL(target, `file:///${from}`)
  const path = pathname.slice(1).replace(/\.js$/, "")
  return [`${path}.ts`, `${path}.tsx`].find((candidate) => all.has(candidate)) ?? `${path}: no such module`
}

const show = ({ from, to }: Import) => `${from} -> ${to}`

function stepsUpward(all: Modules): string[] {
  const rank = (path: string) => LAYERS.findIndex((layer) => layer.includes(layerOf(path)))
  return importsOf(all)
    .filter(({ from, to }) => all.has(to) && layerOf(from) !== layerOf(to) && rank(to) <= rank(from))
    .map(show)
}

function unplaced(all: Modules): string[] {
  return [...all.keys()].filter((path) => !PLACES.includes(layerOf(path)))
}

function circles(all: Modules): string[] {
  const imports = importsOf(all)
  const found: string[] = []
  const done = new Set<string>()
  const follow = (path: string, trail: string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "))
    else if (!done.has(path)) {
      for (const { to } of imports.filter(({ from }) => from === path)) follow(to, [...trail, path])
      done.add(path)
    }
  }
  for (const path of all.keys()) follow(path, [])
  return found
}

/** Every package that is loaded, in the end, by importing a module. */
function packagesBehind(all: Modules, start: string): string[] {
  const imports = importsOf(all).filter(({ typeOnly }) => !typeOnly)
  const reached = new Set([start])
  for (const path of reached) for (const { from, to } of imports) if (from === path) reached.add(to)
  return [...reached].filter((path) => !all.has(path))
}

function gateToStore(all: Modules): string[] {
  return importsOf(all)
    .filter(({ from, to }) => houseOf(from) === "gate" && houseOf(to) === "store")
    .map(show)
}

function storeToAuthJs(all: Modules): string[] {
  return importsOf(all)
    .filter(({ from, to, typeOnly }) => houseOf(from) === "store" && /^(@auth\/|next-auth)/.test(to) && !typeOnly)
    .filter(({ to }) => to !== "@auth/drizzle-adapter")
    .map(show)
}

/** The folders that read the catalogue of PostgreSQL, and of the engines that speak its language. */
const READS_CATALOGUE = /^store\/sql\/(catalogue|engine)\//
const CATALOGUE =
  /\bpg_(class|attribute|attrdef|constraint|index|namespace|type|trigger|policy|depend|inherits|rewrite|tables|partition_root|get_\w+)\b|\binformation_schema\b|\bto_reg\w+\b|\bhas_\w+_privilege\b|\brow_security_active\b/

function catalogueReaders(all: Modules): string[] {
  return [...all]
    .filter(([path, text]) => !READS_CATALOGUE.test(path) && CATALOGUE.test(withoutComments(text)))
    .map(([path]) => path)
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")

/** What each framework has in its own shape, under the same name. */
const IN_EVERY_FRAMEWORK = ["withLazy", "GateHandler", "allowLazy", "requireLazy", "requireReal", "optionalSession"]

/** Every name that two files export, where neither of them only passes the other's on. */
function namesExportedTwice(all: Modules): string[] {
  const places = new Map<string, Set<string>>()
  for (const [path, text] of all)
    for (const { groups } of text.matchAll(
      /^export (?:async )?(?:function|const|class|interface|type) (?<name>\w+)/gm,
    )) {
      const name = groups?.name as string
      places.set(name, (places.get(name) ?? new Set()).add(path))
    }
  return [...places].flatMap(([name, paths]) =>
    paths.size > 1 && !IN_EVERY_FRAMEWORK.includes(name) ? [`${name}: ${[...paths].join(", ")}`] : [],
  )
}

/** What an entry has beside re-exports, and beside imports that only bring types into scope. */
function codeInEntries(all: Modules): string[] {
  return entries.flatMap((entry) =>
    (all.get(entry) ?? "no such module")
      .replace(/^\/\/.*$|\/\*[\s\S]*?\*\//gm, "")
      .replace(/^export [^;=()]*? from "[^"]+"$/gm, "")
      .replace('import "./auth/types.js"', "")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => `${entry}: ${line}`),
  )
}

function vagueNames(all: Modules): string[] {
  return [...all.keys()].filter((path) =>
    path
      .split("/")
      .some((part) => /^(utils?|helpers?|misc|common|shared|lib)$/.test(basename(part).split(".")[0] ?? "")),
  )
}

describe("the source", () => {
  it("has a place in the layout for every file", () => {
    expect(unplaced(modules)).toEqual([])
  })

  it("has a file in every place of the layout", () => {
    expect(
      PLACES.filter((place) => place !== "entry" && ![...modules.keys()].some((path) => layerOf(path) === place)),
    ).toEqual([])
  })

  it("imports only modules that exist", () => {
    expect(
      importsOf(modules)
        .filter(({ to }) => to.endsWith("no such module"))
        .map(show),
    ).toEqual([])
  })

  it("imports no other folder than those it stands on", () => {
    expect(stepsUpward(modules)).toEqual([])
  })

  it("has no circle of imports, not even of types", () => {
    expect(circles(modules)).toEqual([])
  })

  it("keeps the store out of the gate", () => {
    expect(gateToStore(modules)).toEqual([])
  })

  it("keeps Auth.js out of the store, but for its types and its Drizzle adapter", () => {
    expect(storeToAuthJs(modules)).toEqual([])
  })

  it("reads the catalogue of PostgreSQL in one place", () => {
    expect(catalogueReaders(modules)).toEqual([])
  })

  it("gives every exported name one meaning", () => {
    expect(namesExportedTwice(modules)).toEqual([])
  })

  it("has entries that only re-export", () => {
    expect(codeInEntries(modules)).toEqual([])
  })

  it("names no file after nothing in particular", () => {
    expect(vagueNames(modules)).toEqual([])
  })

  it.each([
    { name: "argon2", through: ["password.ts"] },
    { name: "@zxcvbn-ts/core", through: ["password.ts", "react.ts"] },
    { name: "express", through: ["express.ts"] },
    { name: "drizzle-orm", through: ["drizzle.ts", "doctor.ts"] },
  ])("loads $name through no entry but $through", ({ name, through }) => {
    expect(entries.filter((each) => packagesBehind(modules, each).includes(name))).toEqual(through)
  })

  it("loads the driver for PostgreSQL through no entry: only the command line connects by itself", () => {
    expect(entries.filter((each) => packagesBehind(modules, each).includes("postgres"))).toEqual([])
  })
})

describe("the reading of imports", () => {
  it("sees every import there is", () => {
    for (const [path, text] of modules) {
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|`[^`]*`/gm, "")
      // A module of the app, whose path the command line is given, is none of these.
      const written = code.match(/\bfrom "[^"]+"$|^import "|\bimport\((?!pathToFileURL\()/gm)?.length ?? 0
      expect(
        importsOf(modules).filter(({ from }) => from === path),
        path,
      ).toHaveLength(written)
    }
  })

  const made = (files: Record<string, string>): Modules => new Map(Object.entries(files))

  it("finds a step upward, a step aside, and a file without a place", () => {
    const all = made({
      "index.ts": 'export { gate } from "./gate/gate.js"',
      "gate/gate.ts": 'import { auth } from "../auth/auth.js"',
      "auth/auth.ts": 'import type { gate } from "../gate/gate.js"\nimport {\n  a,\n} from "../errors.js"',
      "store/store.ts": 'export const hash = () => import("../password/hash.js")',
      "password/hash.ts": "export const hash = 1",
      "errors.ts": 'import "./store/store.js"',
      "tools/tool.ts": "export {}",
      "auth/request/head.ts": 'import type { Options } from "../config/options.js"',
      "auth/config/options.ts": 'import { cookies } from "../request/cookies.js"\nimport "../auth.js"',
      "auth/request/cookies.ts": "export const cookies = 1",
    })
    expect(stepsUpward(all)).toEqual([
      "auth/auth.ts -> gate/gate.ts",
      "store/store.ts -> password/hash.ts",
      "errors.ts -> store/store.ts",
      "auth/request/head.ts -> auth/config/options.ts",
      "auth/config/options.ts -> auth/auth.ts",
    ])
    expect(unplaced(all)).toEqual(["tools/tool.ts"])
  })

  it("finds a circle, also one of types, and also behind a module looked at before", () => {
    const all = made({
      "auth/a.ts": 'import { b } from "./b.js"',
      "auth/b.ts": 'import { c } from "./c.js"',
      "auth/c.ts": 'import type { b } from "./b.js"',
      "auth/d.ts": 'export * from "./a.js"',
    })
    expect(circles(all)).toEqual(["auth/b.ts -> auth/c.ts -> auth/b.ts"])
  })

  it("finds the store in the gate, Auth.js in the store, code in an entry and a vague name", () => {
    const all = made({
      ...Object.fromEntries(entries.map((entry) => [entry, ""])),
      "index.ts":
        'import "./auth/types.js"\n\n// Why.\nexport {\n  a,\n} from "./gate/a.js"\nexport const version = 1\n',
      "gate/a.ts": 'import type { Row } from "../store/utils.js"',
      "store/utils.ts":
        'import { Auth } from "@auth/core"\nimport type { Adapter } from "@auth/core/adapters"\nimport { D } from "@auth/drizzle-adapter"',
    })
    expect(gateToStore(all)).toEqual(["gate/a.ts -> store/utils.ts"])
    expect(storeToAuthJs(all)).toEqual(["store/utils.ts -> @auth/core"])
    expect(codeInEntries(all)).toEqual(["index.ts: export const version = 1"])
    expect(vagueNames(all)).toEqual(["store/utils.ts"])
  })

  it("finds a reader of the catalogue outside of its place, and a name with two meanings", () => {
    const all = made({
      "store/sql/catalogue/tables.ts": "export const a = sql`select from pg_class`",
      "store/sql/end-rows.ts": "/** A row of pg_class. */\nexport const b = 1\n// pg_class",
      "doctor/doctor.ts": "export const a = sql`select to_regclass(${name})`",
      "gate/gate.ts": "export function c() {}",
      "gate/other.ts": "export async function c() {}",
    })
    expect(catalogueReaders(all)).toEqual(["doctor/doctor.ts"])
    expect(namesExportedTwice(all)).toEqual(
      expect.arrayContaining(["a: store/sql/catalogue/tables.ts, doctor/doctor.ts"]),
    )
  })

  it("follows values to the packages behind them, and not types", () => {
    const all = made({
      "index.ts": 'export { a } from "./auth/a.js"\nexport type { b } from "./auth/b.js"',
      "auth/a.ts": 'import { x } from "package-of-a"',
      "auth/b.ts": 'import { x } from "package-of-b"',
    })
    expect(packagesBehind(all, "index.ts")).toEqual(["package-of-a"])
  })
})
