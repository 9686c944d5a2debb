import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { doctor } from "../../src/doctor.js"
import { root } from "../docs/pages.js"

let app: string

beforeEach(() => {
  app = realpathSync(mkdtempSync(join(tmpdir(), "authjs-lazy-doctor-")))
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true }))
})
afterEach(() => rmSync(app, { recursive: true, force: true }))

/** Tells whether a file of a package matters to nobody here; there are thousands. */
const isDeadWeight = (path: string) => /\.map$|\.d\.ts$|\/(src|providers)(\/|$)/.test(path.slice(root.length))

/** Copies an installed package into the app, with another version if one is given. */
function install(name: string, folder = `node_modules/${name}`, version?: string): void {
  const target = join(app, folder)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(join(root, "node_modules", name), target, { recursive: true, filter: (path) => !isDeadWeight(path) })
  if (version === undefined) return
  const file = join(target, "package.json")
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), version }))
}

const find = async (cwd = app) => (await doctor({ cwd })).findings
const installed = JSON.parse(readFileSync(join(root, "node_modules/@auth/core/package.json"), "utf8")).version as string

it("finds nothing where there is one copy, or none", async () => {
  expect(await find()).toEqual([])
  for (const name of ["@auth/core", "next-auth", "@auth/drizzle-adapter"]) install(name)
  expect(await find()).toEqual([])
  mkdirSync(join(app, "packages/web"), { recursive: true })
  expect(await find(join(app, "packages/web"))).toEqual([])
})

it("finds the copy inside of next-auth, of which the errors are strangers", async () => {
  install("@auth/core")
  install("next-auth")
  install("@auth/core", "node_modules/next-auth/node_modules/@auth/core", "0.41.1")
  const ours = await import(join(app, "node_modules/@auth/core/errors.js"))
  const theirs = await import(join(app, "node_modules/next-auth/node_modules/@auth/core/errors.js"))
  expect(new ours.CredentialsSignin() instanceof theirs.CredentialsSignin).toBe(false)

  const [finding, ...others] = await find()
  expect(others).toEqual([])
  expect(finding).toMatchObject({ code: "two_auth_cores", severity: "error", where: app })
  expect(finding?.message).toContain(`${installed} in node_modules/@auth/core (your app)`)
  expect(finding?.message).toContain("0.41.1 in node_modules/next-auth/node_modules/@auth/core (next-auth)")
  // The version of the framework's package, which takes no other.
  expect(finding?.fix).toBe(`"overrides": { "@auth/core": "0.41.1" }`)
})

it.each([
  { lock: "package-lock.json", equal: "npm dedupe", other: `"overrides": { "@auth/core": "${installed}" }` },
  { lock: "pnpm-lock.yaml", equal: "pnpm dedupe", other: `overrides:\n  "@auth/core": "${installed}"` },
  { lock: "yarn.lock", equal: "yarn dedupe", other: `"resolutions": { "@auth/core": "${installed}" }` },
])("says what to do with the tool that wrote $lock", async ({ lock, equal, other }) => {
  writeFileSync(join(app, lock), "")
  install("@auth/core")
  install("@auth/sveltekit")
  install("@auth/core", "node_modules/@auth/sveltekit/node_modules/@auth/core")
  expect((await find())[0]?.fix).toBe(equal)
  rmSync(join(app, "node_modules/@auth/core"), { recursive: true })
  install("@auth/core", "node_modules/@auth/core", "0.40.0")
  const [finding] = await find()
  expect(finding?.fix).toContain(other)
  // What is pasted names the version that is left then.
  rmSync(join(app, "node_modules/@auth/core"), { recursive: true })
  cpSync(join(app, "node_modules/@auth/sveltekit/node_modules/@auth/core"), join(app, "node_modules/@auth/core"), {
    recursive: true,
  })
  rmSync(join(app, "node_modules/@auth/sveltekit/node_modules"), { recursive: true })
  expect(await find()).toEqual([])
})

it("warns only, where nothing but the types of an adapter differ", async () => {
  install("@auth/core")
  install("@auth/drizzle-adapter")
  install("@auth/core", "node_modules/@auth/drizzle-adapter/node_modules/@auth/core", "0.40.0")
  const [finding] = await find()
  expect(finding?.severity).toBe("warning")
  expect(finding?.fix).toContain(`"${installed}"`)
})

it("follows links as Node does: with pnpm, packages see what lies beside them in the store", async () => {
  const store = "node_modules/.pnpm"
  const link = (from: string, to: string) => {
    mkdirSync(dirname(join(app, from)), { recursive: true })
    symlinkSync(join(app, to), join(app, from), "dir")
  }
  install("@auth/core", `${store}/a/node_modules/@auth/core`)
  install("next-auth", `${store}/b/node_modules/next-auth`)
  link("node_modules/@auth/core", `${store}/a/node_modules/@auth/core`)
  link("node_modules/next-auth", `${store}/b/node_modules/next-auth`)
  link(`${store}/b/node_modules/@auth/core`, `${store}/a/node_modules/@auth/core`)
  expect(await find()).toEqual([])

  rmSync(join(app, `${store}/b/node_modules/@auth/core`))
  install("@auth/core", `${store}/c/node_modules/@auth/core`)
  link(`${store}/b/node_modules/@auth/core`, `${store}/c/node_modules/@auth/core`)
  expect((await find()).map(({ code }) => code)).toEqual(["two_auth_cores"])
})

it.each([
  { name: "@auth/core", packages: [["@auth/core", "0.41.2"]], fix: "npm install @auth/core@0.41.3" },
  {
    name: "both",
    packages: [
      ["@auth/core", "0.37.2"],
      ["next-auth", "5.0.0-beta.25"],
    ],
    fix: "npm install @auth/core@0.41.3 next-auth@5.0.0-beta.32",
  },
  {
    name: "next-auth alone",
    packages: [
      ["@auth/core", undefined],
      ["next-auth", "5.0.0-beta.31"],
    ],
    fix: "npm install @auth/core@0.41.3 next-auth@5.0.0-beta.32",
  },
  {
    name: "@auth/core of Express",
    packages: [
      ["@auth/core", "0.41.0"],
      ["@auth/express", "0.12.0"],
    ],
    fix: "npm install @auth/core@0.41.3 @auth/express@0.12.3",
  },
] as { name: string; packages: [string, string | undefined][]; fix: string }[])(
  "warns of advisories: $name",
  async ({ packages, fix }) => {
    for (const [name, version] of packages) install(name, undefined, version)
    const [finding, ...others] = await find()
    expect(finding).toMatchObject({ code: "auth_advisories", severity: "warning", fix, where: app })
    expect(finding?.message).toMatch(/GHSA-\w{4}-\w{4}-\w{4}/)
    expect(others).toEqual([])
    writeFileSync(join(app, "pnpm-lock.yaml"), "")
    expect((await find())[0]?.fix).toBe(fix.replace("npm install", "pnpm add"))
  },
)

it("warns of no advisory for a copy of which an adapter reads the types", async () => {
  install("@auth/core")
  install("@auth/drizzle-adapter")
  install("@auth/core", "node_modules/@auth/drizzle-adapter/node_modules/@auth/core", "0.40.0")
  expect((await find()).map(({ code }) => code)).toEqual(["two_auth_cores"])
})

it("names the advisories of one of two copies too", async () => {
  install("@auth/core")
  install("next-auth")
  install("@auth/core", "node_modules/next-auth/node_modules/@auth/core", "0.41.1")
  expect((await find())[0]?.message).toContain("@auth/core 0.41.1 has GHSA-")
})
