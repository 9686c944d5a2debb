import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { cp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { packedTarball } from "../setup/installed-package.js"
import { atVersionsHere, folderToInstall, install } from "../setup/npm-install.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const consumer = fileURLToPath(new URL("consumer", import.meta.url))
const { exports: entryPoints } = readJson(join(root, "package.json")) as {
  exports: Record<string, string | Record<string, string>>
}

/** What npm has put into the package. */
let packed: string[]
/** An empty project outside of the repository that has installed the package. */
let project: string

beforeAll(async () => {
  project = await folderToInstall("consumer")
  packed = packedTarball().files
  await cp(consumer, project, { recursive: true })
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  const others = { "@auth/core": "*", "drizzle-orm": "*", "@electric-sql/pglite": "*", "@types/node": "*" }
  // Ours needs a newer TypeScript; many apps of today have 5.
  await install(project, { ...atVersionsHere(others), typescript: "5.9" }, { fresh: true })
}, 180_000)

afterAll(() => rm(project, { recursive: true, force: true }))

it("has the compiled code, its source, the migrations, the docs and the papers in the package, and nothing else", () => {
  const wanted = [
    "package.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/getting-started.md",
    "docs/decisions/001-database-sessions-for-credentials.md",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/index.d.ts.map",
    "dist/cli/main.js",
    "dist/r/convert-form.json",
    "registry/registry.json",
    "src/index.ts",
    "drizzle/0000_auth.sql",
    "drizzle/meta/_journal.json",
  ]
  expect(wanted.filter((path) => !packed.includes(path))).toEqual([])
  expect(
    packed.filter((path) => !/^(dist|src|drizzle|docs|registry)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path)),
  ).toEqual([])
  expect(packed.filter((path) => /test|\.env|\.tgz/.test(path))).toEqual([])
  expect(packed.filter((path) => path.startsWith("docs/api/"))).toEqual([])
  expect(packed.filter((path) => /\/(node_modules|\.next|\.svelte-kit|\.demo|build)\//.test(path))).toEqual([])
})

it("has no compiled module whose source is gone, and no source that was not compiled", () => {
  const names = (folder: string, pattern: RegExp) =>
    packed
      .filter((path) => path.startsWith(`${folder}/`) && pattern.test(path) && !path.endsWith(".d.ts"))
      .map((path) => path.slice(folder.length + 1).replace(pattern, ""))
      .sort()
  expect(names("dist", /\.js$/)).toEqual(names("src", /\.tsx?$/))
})

it.each(Object.entries(entryPoints))("resolves the entry %s to files that are there", async (entry, target) => {
  const name = entry.replace(/^\./, "authjs-lazy")
  const script = `console.log(import.meta.resolve("${name}"))`
  const { stdout } = await run(project, "node", ["--input-type=module", "--eval", script])
  const files = typeof target === "string" ? [target] : Object.values(target)
  expect(stdout.trim()).toBe(pathToFileURL(join(project, "node_modules/authjs-lazy", files.at(-1) as string)).href)
  for (const file of files) expect(packed.includes(file.replace("./", "")), file).toBe(true)
})

it("works in plain JavaScript: lazy user, conversion, sign-in with the password", { timeout: 120_000 }, async () => {
  const { stdout } = await run(project, "node", ["story.mjs"])
  expect(stdout).toBe("the story holds\n")
})

it("compiles in a strict TypeScript project that checks its libraries too, and works there", {
  timeout: 180_000,
}, async () => {
  const { stdout } = await run(project, "node", ["compile.mjs"])
  expect(stdout).toBe("")
  expect((await run(project, "node", ["story.js"])).stdout).toBe("the story holds\n")
})

it("has a command that tells how to use it", async () => {
  const ask = (...args: string[]) => run(project, "npx", ["--no-install", "authjs-lazy", ...args, "--help"])
  expect((await ask()).stdout).toContain("migrate")
  expect((await ask("migrate")).stdout).toContain("--database-url")
})

function run(cwd: string, command: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(command, args, { cwd, maxBuffer: 32 * 1024 * 1024 })
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"))
}
