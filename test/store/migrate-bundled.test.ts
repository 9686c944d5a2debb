import { execFile } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { expect, it, onTestFinished } from "vitest"
import { readMigrationFolder } from "../../embed-migrations.js"
import { MIGRATIONS } from "../../src/store/migrations.js"
import { emptyPostgres } from "../setup/databases.js"

const run = promisify(execFile)
const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

it("has the migrations of the folder in its code: npm run generate puts them there", () => {
  expect(MIGRATIONS).toEqual(readMigrationFolder())
})

it.each(["esm", "cjs"] as const)("migrates from a bundle (%s) in a folder with nothing else in it", async (format) => {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-bundle-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = `app.${format === "esm" ? "mjs" : "cjs"}`
  const { metafile, warnings } = await build({
    stdin: {
      contents: `
        import { drizzle } from "drizzle-orm/postgres-js"
        import postgres from "postgres"
        import { migrate } from "./src/drizzle.js"
        const client = postgres(process.env.DATABASE_URL, { max: 1, onnotice() {} })
        migrate(drizzle(client)).then((report) => console.log(JSON.stringify(report))).finally(() => client.end())`,
      resolveDir: source(""),
    },
    bundle: true,
    format,
    platform: "node",
    // What \`postgres\` is made of, so that it stays what it is.
    banner:
      format === "esm"
        ? { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' }
        : {},
    outfile: join(folder, file),
    metafile: true,
    logLevel: "silent",
  })
  expect(warnings).toEqual([])
  expect(Object.keys(metafile?.inputs ?? {}).filter((path) => path.includes("drizzle-orm/migrator"))).toEqual([])
  expect(await readdir(folder)).toEqual([file])
  const { stdout } = await run(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: database.url },
  })
  expect(JSON.parse(stdout)).toMatchObject({ applied: MIGRATIONS.map(({ name }) => name) })
  expect(await database.query(`select count(*)::int as n from "user"`)).toEqual([{ n: 0 }])
})

it("reads no file and asks for no address of its own, in anything that the entries load", async () => {
  const { metafile } = await build({
    entryPoints: ["drizzle", "index", "password", "pages", "express", "hono", "sveltekit", "next"].map((entry) =>
      source(`src/${entry}.ts`),
    ),
    bundle: true,
    write: false,
    outdir: "unused",
    platform: "node",
    format: "esm",
    packages: "external",
    metafile: true,
  })
  const imported = Object.values(metafile?.inputs ?? {}).flatMap(({ imports }) => imports.map(({ path }) => path))
  expect(imported).toContain("drizzle-orm")
  expect(imported.filter((path) => /^(node:)?(fs|fs\/promises|path|url|module)$/.test(path))).toEqual([])
  const { outputFiles } = await build({
    entryPoints: [source("src/drizzle.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
  })
  expect(outputFiles[0]?.text).not.toContain("import.meta")
})
