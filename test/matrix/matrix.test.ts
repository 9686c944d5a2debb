import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildInPlace, freePort } from "../next/next-app.js"
import { emptyPostgres } from "../setup/databases.js"
import { packedTarball } from "../setup/installed-package.js"
import { takeNativeCode } from "../setup/npm-install.js"
import { tellNextStory } from "./next-story.js"
import { ROWS } from "./rows.js"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const apps = here("../types/apps")
const only = process.env.MATRIX
const rows = ROWS.filter(({ name }) => only === undefined || name === only)

it("has a row to run", () => expect(rows.length).toBeGreaterThan(0))

describe.each(rows)("the $name versions", ({ versions, others, pages }) => {
  let folder: string

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "authjs-lazy-matrix-")))
    await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
    const packages = Object.entries({ ...versions, ...others }).map(([name, version]) => `${name}@${version}`)
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
    await run("npm", ["install", ...flags, packedTarball().path, ...packages])
    await takeNativeCode(folder)
    for (const source of [here("../package/consumer"), here("next-app"), apps])
      await cp(source, folder, { recursive: true })
    await cp(here("frameworks.ts"), join(folder, "frameworks.ts"))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it("are the ones that are installed, once each", async () => {
    const { stdout } = await run("npm", ["ls", "--json", "--depth=0"])
    const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, { version: string }> }
    const installed = Object.keys(versions).map((name) => [name, dependencies[name]?.version])
    expect(Object.fromEntries(installed)).toEqual(versions)
    expect(existsSync(join(folder, "node_modules/next-auth/node_modules/@auth/core"))).toBe(false)
  })

  it("compile in strict TypeScript, with what apps declare", async () => {
    const check = ["--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--lib", "es2023,dom,dom.iterable"]
    const modules = ["--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node"]
    const compile = async (files: string[], ...flags: string[]) => {
      const done = run("node_modules/.bin/tsc", [...files, ...check, ...modules, ...flags])
      const { stdout } = await done.catch((error: { stdout: string }) => error)
      // Declarations of other packages don't all compile on their own.
      return stdout
        .split("\n")
        .filter((line) => /error TS/.test(line) && !/^node_modules\/(?!authjs-lazy\/)/.test(line))
    }
    expect(await compile(["story.ts", "frameworks.ts"])).toEqual([])
    for (const app of await readdir(apps)) expect(await compile([app], "--noEmit", "--skipLibCheck"), app).toEqual([])
  })

  it("hold the story: gate, conversion, password, merge, purge", async () => {
    expect((await run("node", ["story.js"])).stdout).toBe("the story holds\n")
    expect((await run("node", ["frameworks.js"])).stdout).toBe("the frameworks hold\n")
  })

  it("hold the story in an app of Next", async () => {
    const database = await emptyPostgres()
    try {
      await run("npx", ["--no-install", "authjs-lazy", "migrate", "--database-url", database.url])
      await database.query(`create table note ("userId" text not null references "user" (id), text text not null)`)
      await writeFile(join(folder, "next.config.mjs"), `export default ${pages?.config ?? "{}"}\n`)
      if (pages) await writeFile(join(folder, pages.file), gateFile(pages.file))
      const built = await buildInPlace(folder)
      const app = await built.start(await freePort(), {
        DATABASE_URL: database.url,
        AUTH_SECRET: "a secret that is long enough for anybody",
        AUTH_TRUST_HOST: "true",
      })
      try {
        await tellNextStory(app.origin, { gatesPages: pages !== undefined })
      } finally {
        await app.close()
      }
    } finally {
      await database.close()
    }
  })

  function run(command: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
    return promisify(execFile)(command, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 })
  }
})

function gateFile(file: "proxy.ts" | "middleware.ts"): string {
  const [name, runtime] = file === "proxy.ts" ? ["proxy", ""] : ["middleware", ', runtime: "nodejs"']
  return `import { lazy } from "./auth"

export const ${name} = lazy.proxy

export const config = { matcher: ["/"]${runtime} }
`
}
