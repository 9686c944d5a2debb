import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const { exports: entryPoints } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
const codeEntries = Object.keys(entryPoints).filter((entry) => entry !== "./package.json")

interface Loaded {
  /** What the entry exports. */
  names: string[]
  /** Native code that is in the process now and was not before. */
  addons: string[]
  /** CommonJS modules that were loaded, argon2 among them where it was. */
  modules: string[]
}

/** Imports an entry as it was built, in a process of its own. */
async function load(entry: string): Promise<Loaded> {
  const script = `
    import { createRequire } from "node:module"
    const names = Object.keys(await import(${JSON.stringify(entry.replace(/^\./, "authjs-lazy"))}))
    process.report.excludeNetwork = true
    const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith(".node"))
    const modules = Object.keys(createRequire(process.cwd() + "/")("node:module")._cache)
    console.log(JSON.stringify({ names, addons, modules }))
  `
  const { stdout } = await promisify(execFile)("node", ["--input-type=module", "--eval", script], { cwd: root })
  return JSON.parse(stdout)
}

it.each(codeEntries)("imports %s, which exports something, and argon2 through ./password alone", async (entry) => {
  const { names, addons, modules } = await load(entry)
  expect(names.length).toBeGreaterThan(0)
  if (entry === "./password") return
  expect(addons).toEqual([])
  expect(modules.filter((path) => path.includes("argon2"))).toEqual([])
})

it("loads argon2 through ./password: these tests would see it elsewhere too", async () => {
  const { addons, modules } = await load("./password")
  expect(addons).toContainEqual(expect.stringContaining("argon2"))
  expect(modules).toContainEqual(expect.stringContaining("argon2"))
})

/**
 * Lists the files of the package that a bundle of an entry holds, and the packages it imports: at
 * once, and later by `import()`.
 */
async function bundleOf(entry: string): Promise<{ files: string[]; packages: string[]; later: string[] }> {
  const path = entryPoints[entry].default
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
    write: false,
    format: "esm",
    packages: "external",
    metafile: true,
    logLevel: "error",
    outfile: "out.js",
  })
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  const external = (isLater: boolean) => {
    const found = imported.filter(({ external, kind }) => external && (kind === "dynamic-import") === isLater)
    return [...new Set(found.map(({ path }) => path))].toSorted()
  }
  return { files: Object.keys(metafile.inputs).toSorted(), packages: external(false), later: external(true) }
}

it("loads no server code through ./react, whose hook stays a client component", async () => {
  const { files, packages, later } = await bundleOf("./react")
  expect(files).toEqual([
    "dist/messages/strings.js",
    "dist/password/strength.js",
    "dist/react.js",
    "dist/react/current-path.js",
    "dist/react/settle-session.js",
    "dist/react/use-lazy.js",
  ])
  // zxcvbn weighs 235 kB: it is loaded when a password is typed.
  expect(later).toEqual(["@zxcvbn-ts/core", "@zxcvbn-ts/language-common"])
  expect(packages).toEqual(["next-auth/react", "react"])
  expect(readFileSync(`${root}/dist/react/use-lazy.js`, "utf8")).toMatch(/^"use client";\n/)
})

it("loads the messages through ./next/actions, and nothing of the convert page", async () => {
  const { files, packages } = await bundleOf("./next/actions")
  expect(files.filter((file) => /^dist\/(pages|messages)\//.test(file))).toEqual([
    "dist/messages/problem.js",
    "dist/messages/strings.js",
  ])
  expect(packages.filter((name) => /^(preact|react|next-auth|argon2|drizzle-orm)/.test(name))).toEqual([])
})
