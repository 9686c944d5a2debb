import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { root } from "../docs/pages.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { type CommandResult, runCommand } from "./command.js"

const GOOD = "q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd"
const WEAK = "correct horse battery"

let database: PostgresDatabase
/** An app with this library and what it needs. */
let folder: string

beforeAll(async () => {
  database = await postgresDatabase()
  await database.query(`insert into "user" (id, "lazySince", "seenAt") values ('l', now(), now() - interval '2 hours')`)
  folder = await mkdtemp(join(tmpdir(), "authjs-lazy-config-"))
  await mkdir(join(folder, "node_modules"))
  await symlink(root, join(folder, "node_modules", "authjs-lazy"))
  for (const name of ["drizzle-orm", "postgres", "tsx"])
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name))
})
afterAll(async () => {
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

/** A module of an app that exports its configuration as it is told. */
const app = (exported: string, options = "", more = "") => `
  import { LazyProvider, withLazy } from "authjs-lazy"
  import { LazyAdapter } from "authjs-lazy/drizzle"
  import { drizzle } from "drizzle-orm/postgres-js"
  import postgres from "postgres"
  const client = postgres(process.env.DATABASE_URL, { onnotice: () => {} })
  const configure = () => withLazy({ adapter: LazyAdapter(drizzle(client)), providers: [LazyProvider()], ${options} })
  const made = configure()
  ${exported}
  ${more}`

let counter = 0

/** Runs `doctor --config` in the folder of the app, on a module with this text. */
async function examine(
  text: string,
  {
    args = [],
    env = {},
    extension = "mjs",
  }: { args?: string[]; env?: Record<string, string>; extension?: string } = {},
): Promise<CommandResult & { file: string }> {
  const file = `module-${counter++}.${extension}`
  await writeFile(join(folder, file), text)
  const variables = { DATABASE_URL: database.url, AUTH_SECRET: GOOD, ...env }
  return { file, ...(await runCommand(["doctor", "--config", file, ...args], { cwd: folder, env: variables })) }
}

const healthy = { code: 0, stdout: "0 errors, 0 warnings. 0 lazy users to purge.\n", stderr: "" }

describe("authjs-lazy doctor --config", () => {
  it.each([
    "export const auth = made",
    "export const lazyAuth = made",
    "export const config = made",
    "export default made",
    "export const auth = made; export default auth",
    "export const auth = (request) => ({ ...made(request), debug: false })",
    "export const auth = async () => { throw new Error('There is no request.') }; export const lazyAuth = made",
    "export const config = { matcher: [] }; export const auth = made",
    "export default class App {}; export const auth = made",
  ])("examines what is exported like this: %s", async (exported) => {
    expect(await examine(app(exported))).toMatchObject(healthy)
    const { code, stdout } = await examine(app(exported), { env: { AUTH_SECRET: "" } })
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringContaining("error secret_missing: AUTH_SECRET\n"),
    })
  })

  it("finds what is wrong in a configuration, without repeating its secret", async () => {
    const { code, stdout, stderr } = await examine(app("export const auth = made", `secret: "${WEAK}"`))
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" })
    expect(stdout).toContain("error secret_weak: secret\n")
    expect(stdout).not.toContain(WEAK)
    const { findings } = JSON.parse(
      (await examine(app("export const auth = made", `secret: "${WEAK}"`), { args: ["--json"] })).stdout,
    )
    expect(findings).toEqual([expect.objectContaining({ code: "secret_weak", where: "secret" })])
  })

  it("takes from it how long sessions live, unless it is told", async () => {
    const hour = app("export const auth = made", "session: { maxAge: 3600, updateAge: 360 }")
    expect((await examine(hour)).stdout).toMatch(/ 1 lazy user to purge\.\n$/)
    expect((await examine(hour, { args: ["--session-max-age", "1d"] })).stdout).toMatch(/ 0 lazy users to purge\.\n$/)
  })

  it("ends although the module keeps connections and timers, and prints nothing but the report to stdout", async () => {
    const busy = "console.log('Listening.'); setInterval(() => console.log('Tick.'), 1); await client`select 1`"
    const { code, stdout, stderr } = await examine(app("export const auth = made", "", busy), { args: ["--json"] })
    expect({ code, report: JSON.parse(stdout) }).toEqual({ code: 0, report: { findings: [], purgeable: 0 } })
    expect(stderr).toMatch(/^Listening\.\n/)
  })

  it.each([
    [
      "exports no configuration",
      "export const auth = () => 1; export const config = {}",
      "does not export what withLazy",
    ],
    ["exports one under another name", app("export const mine = made"), "does not export what withLazy returned"],
    [
      "exports several",
      app("export const auth = made; export const lazyAuth = made; export const config = configure()"),
      "exports several configurations (auth, lazyAuth, config)",
    ],
  ])("exits with 2 for a module that %s", async (_, text, message) => {
    const { code, stdout, stderr } = await examine(text)
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr.split("\n")[0]).toContain(message)
  })

  it.each([
    ["a file that is not there", ["nowhere.js"], "there is no file"],
    ["a folder", ["node_modules"], "there is no file"],
    ["two files", ["a.js", "--config", "b.js"], "--config takes one file."],
    ["no file", [], "value is missing"],
  ])("exits with 2 for %s", async (_, files, message) => {
    const { code, stdout, stderr } = await runCommand(["doctor", "--config", ...files], {
      cwd: folder,
      env: { DATABASE_URL: database.url },
    })
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr.split("\n")[0]).toContain(message)
  })

  it.each([
    ["throws", `throw new Error("No key\\nin postgres://ada:secret@db/app")`, "No key in postgres://***@db/app"],
    ["throws what is no error", `throw "a fit"`, "could not be imported: a fit"],
    [
      "can't be set up",
      app("", "").replace("LazyAdapter(drizzle(client))", "{}"),
      "withLazy needs `adapter: LazyAdapter",
    ],
    ["is no JavaScript", "export const =", "could not be imported"],
  ])("exits with 1 and one line for a module that %s", async (_, text, message) => {
    const { code, stdout, stderr, file } = await examine(text)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(new RegExp(`^authjs-lazy: --config: ${file} could not be imported: .+\\n$`))
    expect(stderr).toContain(message)
  })

  it.each([
    ["is TypeScript that Node can't read", "ts", "export enum Plan { Free }"],
    ["imports what Node can't find", "mjs", `import "@/db"`],
  ])("names the way out for a module that %s", async (_, extension, text) => {
    const { code, stderr, file } = await examine(text, { extension })
    expect(code).toBe(1)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(stderr).toContain(`npx tsx node_modules/authjs-lazy/dist/cli/main.js doctor --config ${file}`)
  })

  it.each(["module", "commonjs"])("reads TypeScript with tsx, in a package of type %s", async (type) => {
    await writeFile(join(folder, "package.json"), JSON.stringify({ type }))
    const text = app("export const auth = made; export enum Plan { Free }")
    const found = await examine(text, { extension: "ts", env: { NODE_OPTIONS: "--import tsx" } })
    await rm(join(folder, "package.json"))
    expect(found).toMatchObject(healthy)
  })
})

describe("authjs-lazy doctor without --config", () => {
  const plain = (env: Record<string, string>) => runCommand(["doctor"], { env: { DATABASE_URL: database.url, ...env } })

  it("looks at the secrets of the environment, where there are any", async () => {
    expect(await plain({})).toEqual(healthy)
    expect(await plain({ AUTH_SECRET: GOOD })).toEqual(healthy)
    const { code, stdout } = await plain({ AUTH_SECRET: GOOD, AUTH_SECRET_1: WEAK })
    expect(code).toBe(3)
    expect(stdout).toContain("error secret_weak: AUTH_SECRET_1\n")
    expect(stdout).not.toContain(WEAK)
    expect((await plain({ NEXTAUTH_SECRET: WEAK })).stdout).toContain("error secret_weak: NEXTAUTH_SECRET\n")
  })
})
