import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { page, pages, root } from "./pages.js"

const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => readFileSync(join(root, "src", path), "utf8"))
  .join("\n")

/**
 * Lists the properties of an interface, nested ones as `outer.inner`. Biome indents each level by
 * two spaces.
 */
function keysOf(name: string): string[] {
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, "ms").exec(source)?.[1]
  if (body === undefined) throw new Error(`There is no interface ${name} in the source.`)
  const keys: string[] = []
  let outer = ""
  for (const [, indent = "", key = "", rest = ""] of body.matchAll(/^( {2}| {4})(?:readonly )?(\w+)\??[:(](.*)$/gm)) {
    if (indent.length === 2) outer = rest.trim() === "{" ? `${key}.` : ""
    keys.push(indent.length === 2 ? key : `${outer}${key}`)
  }
  return keys
}

/** The codes in a union of string literals, or in the classes that extend LazyError. */
function codesOf(type: string): string[] {
  const body = new RegExp(`^export type ${type} =\\n(.*?)\\n\\n`, "ms").exec(source)?.[1]
  if (body === undefined) throw new Error(`There is no type ${type} in the source.`)
  return [...body.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code]) => code as string)
}

/** The first cells of all tables below a heading, up to the next one. */
function rowsBelow(path: string, heading: string): string[] {
  const { text } = page(path)
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`${path} has no section "${heading}".`)
  return [...section.matchAll(/^\| `([\w.-]+)` \|/gm)].map(([, cell]) => cell as string)
}

describe("configuration.md has a row for every option, and for nothing else", () => {
  it.each([
    ["LazyOptions", "`lazy`"],
    ["CreationLimits", "`lazy.limits`"],
    ["TrustedProxy", "`lazy.trustProxy`"],
    ["LazyEvents", "Events"],
    ["LazyProviderOptions", "`LazyProvider(options)`"],
    ["ConvertProviderOptions", "`ConvertProvider(options)`"],
    ["PasswordProviderOptions", "`PasswordProvider(options)`"],
    ["HashOptions", "Hashing"],
    ["ConvertPageOptions", "`convertPage(authConfig, options)`"],
    ["LazyAdapterOptions", "`LazyAdapter(db, options)`"],
    ["HandleAuthOptions", "`handleAuth(request, authConfig, options)`"],
    ["GateOptions", "`gate(request, authConfig, options)`"],
    ["LazyConfig", "`withLazy(config)`"],
  ])("%s", (name, heading) => {
    expect(rowsBelow("docs/configuration.md", heading).toSorted()).toEqual(keysOf(name).toSorted())
  })
})

it("AdoptOptions: docs/adopting.md has a row for each", () => {
  const section = page("docs/adopting.md").text.split("## `adopt(options)`")[1]?.split("\n## ")[0] ?? ""
  expect(keysOf("AdoptOptions").filter((key) => !section.includes(`\`${key}\``))).toEqual([])
})

it.each([
  ["PurgeOptions", "docs/purging.md", "`purge(options)`"],
  ["PurgeRouteOptions", "docs/scheduling.md", "`purgeRoute(authConfig, options)`"],
])("%s: %s has a row for each", (name, path, heading) => {
  expect(rowsBelow(path, heading).toSorted()).toEqual(keysOf(name).toSorted())
})

it.each([
  ["docs/adopting.md", ["AdoptReport"]],
  ["docs/purging.md", ["PurgeReport"]],
  ["docs/stats.md", ["StatsReport", "StatsSample", "DayStats", "StatsDetails", "CohortStats", "HeldBackStats"]],
])("%s explains every field of %j", (path, names) => {
  const { text } = page(path)
  const keys = names.flatMap(keysOf).filter((key) => key !== "week")
  expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([])
})

describe("every code is explained", () => {
  const converting = page("docs/converting.md").text

  it("of refusals", () => {
    const codes = codesOf("RefusalCode")
    expect(codes.length).toBeGreaterThan(8)
    const classes = [...source.matchAll(/class (\w+) extends CredentialsSignin \{\n +override code = "(\w+)"/g)]
    expect(classes.map(([, name]) => name)).toContain("LazyDisabled")
    const all = [...codes, ...classes.map(([, , code]) => code as string)]
    expect(rowsBelow("docs/converting.md", "Refusals").toSorted()).toEqual(all.toSorted())
    expect(classes.filter(([, name]) => !converting.includes(`\`${name}\``))).toEqual([])
  })

  it("of errors", () => {
    const errors = [...source.matchAll(/class (\w+) extends LazyError \{\n +readonly code = "(\w+)"/g)]
    expect(errors.length).toBeGreaterThan(6)
    const text = pages.map(({ text }) => text).join("\n")
    expect(errors.filter(([, name, code]) => !text.includes(`\`${name}\``) || !text.includes(`\`${code}\``))).toEqual(
      [],
    )
  })

  it("of the convert page", () => {
    const codes = codesOf("ConvertErrorCode").filter((code) => code !== "refused")
    expect(codes.length).toBeGreaterThan(5)
    expect(codes.filter((code) => !converting.includes(`\`${code}\``))).toEqual([])
  })

  it("of merges", () => {
    const errors = [
      ...source.matchAll(/class (\w*(?:Merge|NotLazy|NotReal)\w*) extends LazyError \{\n +readonly code = "(\w+)"/g),
    ]
    expect(errors).toHaveLength(4)
    const { text } = page("docs/merging.md")
    expect(errors.filter(([, name, code]) => !text.includes(`| \`${name}\` | \`${code}\` |`))).toEqual([])
  })
})

it("who-gets-a-lazy-user.md explains every reason for which no lazy user is made", () => {
  const types = [...source.matchAll(/^export type (?:SkipReason|UnfitRequest) = (.*)$/gm)]
  const reasons = types.flatMap(([, union]) => union?.match(/"([\w-]+)"/g) ?? [])
  expect(reasons.length).toBeGreaterThan(7)
  const { text } = page("docs/who-gets-a-lazy-user.md")
  expect(reasons.filter((reason) => !text.includes(`| \`${reason.replaceAll('"', "")}\` |`))).toEqual([])
})

it("gating.md explains every reason for which the gate refuses", () => {
  const refused = /^export interface GateRefused \{\n(.*?)^\}/ms.exec(source)?.[1] ?? ""
  const reasons = /^ {2}reason: (.*)$/m.exec(refused)?.[1]?.match(/"([\w-]+)"/g) ?? []
  expect(reasons.length).toBeGreaterThan(2)
  expect(rowsBelow("docs/gating.md", "Refusals").toSorted()).toEqual(
    reasons.map((reason) => reason.replaceAll('"', "")).toSorted(),
  )
})

it("gates-by-framework.md and merging.md explain every field of what apps are given", () => {
  const fields = (path: string, names: string[]) =>
    names.flatMap(keysOf).filter((key) => !page(path).text.includes(`| \`${key}\` |`))
  expect(fields("docs/merging.md", ["MergeHookParams", "MergeReport"])).toEqual([])
  expect(fields("docs/gates-by-framework.md", ["GateOpen", "GateRefused"]).filter((key) => key !== "open")).toEqual([])
})

it("configuration.md has every entry point of the package", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object }
  const entries = Object.keys(exports)
    .filter((key) => key !== "./package.json")
    .map((key) => `authjs-lazy${key.slice(1)}`)
  expect(entries.filter((entry) => !page("docs/configuration.md").text.includes(`| \`${entry}\` |`))).toEqual([])
})

it("every page names only exports that exist", () => {
  const lists = [...source.matchAll(/^export (?:type )?\{(.*?)\}/gms)].map(([, list]) => list)
  const declared = [
    ...source.matchAll(/^export (?:declare |abstract |async )*(?:function|class|const|interface|type) (\w+)/gm),
  ]
  const known = new Set([...declared.map(([, name]) => name), ...lists.flatMap((list) => list?.match(/\w+/g) ?? [])])
  const inTable = /^\| `authjs-lazy[\w/]*` \| (.*) \|$/gm
  const named = pages
    .flatMap(({ text }) => [...text.matchAll(inTable)].map(([, cell]) => cell ?? ""))
    .flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as string))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !known.has(name))).toEqual([])
})
