import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { blocksOf, page, root } from "../docs/pages.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { atVersionsHere, folderToInstall, install } from "../setup/npm-install.js"
import { edited, plainApp } from "./plain-app.js"

const [{ code: prompt } = { code: "" }] = blocksOf(page("docs/assistants.md"))
const commands = [...prompt.matchAll(/`((?:npm|npx) [^`]+)`/g)].map(([, command = ""]) =>
  command.replaceAll(/\s+/g, " "),
)

// The doctor finds the usual secret of the tests weak.
const secret = randomBytes(33).toString("base64")

let database: PostgresDatabase
let folder: string

beforeAll(async () => {
  ;[database, folder] = await Promise.all([emptyPostgres(), folderToInstall("assistant")])
  const dependencies = ["next", "next-auth", "@auth/core", "drizzle-orm", "postgres", "react", "react-dom", "tsx"]
  const versions = atVersionsHere(Object.fromEntries(dependencies.map((name) => [name, "*"])))
  await write({
    ...plainApp,
    "package.json": JSON.stringify({ private: true, dependencies: versions }),
    ".env.local": `DATABASE_URL=${database.url}\nAUTH_SECRET=${secret}\nAUTH_GITHUB_ID=id\nAUTH_GITHUB_SECRET=${secret}\n`,
    ".gitignore": "node_modules\n.env*.local\n",
  })
  await install(folder)
  await migrate()
}, 300_000)

afterAll(async () => {
  await database?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

it("ends with a doctor who finds nothing, in an app with GitHub and tables of its own", {
  timeout: 180_000,
}, async () => {
  const [installing, looking, writing, , checking = ""] = commands
  expect([installing, looking, writing]).toEqual([
    "npm install authjs-lazy",
    "npx authjs-lazy init",
    "npx authjs-lazy init --write",
  ])
  const looked = await type(looking ?? "")
  expect(looked.code).toBe(3)
  for (const command of ["npx drizzle-kit generate", "npx drizzle-kit migrate", checking])
    expect(looked.stdout).toContain(`  ${command}\n`)

  await write(edited)
  const after = Object.values(edited).join("\n")
  const added = [...looked.stdout.matchAll(/^ {4}\+ *(.+)$/gm)].map(([, line = ""]) => line)
  expect(added.length).toBeGreaterThan(20)
  expect(added.filter((line) => !after.includes(line))).toEqual([])
  expect(await type(writing ?? "")).toMatchObject({ code: 0 })
  expect(await readFile(join(folder, "proxy.ts"), "utf8")).toContain("matcher")
  expect(await type(looking ?? "")).toMatchObject({ code: 0 })

  await migrate()
  expect(await type(checking)).toMatchObject({ code: 0 })
})

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** Runs a command of the prompt in the app. */
async function type(command: string): Promise<{ code: number; stdout: string }> {
  const [program = "", ...args] = command.split(" ")
  // The tests' own setting, which a reader's shell doesn't have.
  const { NODE_ENV: _, ...inherited } = process.env
  const env: Record<string, string | undefined> = { ...inherited, npm_config_offline: "true" }
  return promisify(execFile)(program, args, { cwd: folder, env: env as NodeJS.ProcessEnv }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout, stderr }) => ({ code, stdout: `${stdout}${stderr}` }),
  )
}

/** Runs the drizzle-kit of this repository, which installs in seconds what an app has already. */
async function migrate(): Promise<void> {
  const kit = join(root, "node_modules/drizzle-kit/bin.cjs")
  const env = { ...process.env, DATABASE_URL: database.url }
  for (const command of ["generate", "migrate"])
    await promisify(execFile)(process.execPath, [kit, command], { cwd: folder, env })
}
