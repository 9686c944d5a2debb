import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { type AppFolder, appFolder, appModule } from "./app-folder.js"
import { type CommandResult, runCommand, spawnCommand } from "./command.js"
import { usersIn } from "./lazy-users.js"

const GOOD = "q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd"
const WEAK = "correct horse battery"

let database: PostgresDatabase
let app: AppFolder

beforeAll(async () => {
  database = await postgresDatabase()
  app = await appFolder()
})
afterAll(async () => {
  await database.close()
  await app.remove()
})
beforeEach(() =>
  database.sql.unsafe(`
    delete from "user";
    insert into "user" (id, "lazySince", "seenAt") values ('hours', now(), now() - interval '2 hours')`),
)

let counter = 0

/** Runs a command on a module with this text, in a process of its own. */
async function onModule(
  command: string,
  text: string,
  {
    args = [],
    env = {},
    extension = "mjs",
  }: { args?: string[]; env?: Record<string, string>; extension?: string } = {},
): Promise<CommandResult & { file: string }> {
  const file = `module-${counter++}.${extension}`
  await app.write(file, text)
  const variables = { DATABASE_URL: database.url, AUTH_SECRET: GOOD, ...env }
  return { file, ...(await spawnCommand([command, "--config", file, ...args], { cwd: app.path, env: variables })) }
}

const exporting = (options = "", more = "") => `${appModule({ options })}; export const authConfig = made; ${more}`
const healthy = { code: 0, stdout: "0 errors, 0 warnings. 0 lazy users to purge.\n", stderr: "" }

describe("authjs-lazy doctor --config", () => {
  it("examines the configuration with the secrets of the environment", async () => {
    expect(await onModule("doctor", exporting())).toMatchObject(healthy)
    const { code, stdout } = await onModule("doctor", exporting(), { env: { AUTH_SECRET: "" } })
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringContaining("error secret_missing: AUTH_SECRET\n"),
    })
  })

  it("finds what is wrong in a configuration, without repeating its secret", async () => {
    const { code, stdout, stderr } = await onModule("doctor", exporting(`secret: "${WEAK}"`))
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" })
    expect(stdout).toContain("error secret_weak: secret\n")
    expect(stdout).not.toContain(WEAK)
  })

  it("takes from it how long sessions live", async () => {
    const hour = await onModule("doctor", exporting("session: { maxAge: 3600, updateAge: 360 }"))
    expect(hour.stdout).toMatch(/ 1 lazy user to purge\.\n$/)
    expect(hour.stdout).toContain("    npx authjs-lazy purge --config auth.ts\n")
  })

  it("looks at the secrets of the environment without a configuration, where there are any", async () => {
    const plain = (env: Record<string, string>) =>
      runCommand(["doctor"], { cwd: app.path, env: { DATABASE_URL: database.url, ...env } })
    expect((await plain({})).stdout).toBe(healthy.stdout)
    expect((await plain({ AUTH_SECRET: GOOD })).stdout).toBe(healthy.stdout)
    const { code, stdout } = await plain({ AUTH_SECRET: GOOD, AUTH_SECRET_1: WEAK })
    expect(code).toBe(3)
    expect(stdout).toContain("error secret_weak: AUTH_SECRET_1\n")
    expect(stdout).not.toContain(WEAK)
    expect((await plain({ NEXTAUTH_SECRET: WEAK })).stdout).toContain("error secret_weak: NEXTAUTH_SECRET\n")
  })
})

describe("a command ends", () => {
  it("although the module keeps connections and timers, and prints nothing but the report to stdout", async () => {
    const busy = "console.log('Listening.'); setInterval(() => console.log('Tick.'), 1); await client`select 1`"
    const { code, stdout, stderr } = await onModule("doctor", exporting("", busy), { args: ["--json"] })
    expect({ code, report: JSON.parse(stdout) }).toEqual({ code: 0, report: { findings: [], purgeable: 0 } })
    expect(stderr).toMatch(/^Listening\.\n/)
  })

  it("with its own exit code although the module goes on using connections that are closed", async () => {
    const busy = "setInterval(() => client`select 1`, 1); export const purge = { olderThan: 3600, force: true }"
    await database.query(`create table held ("userId" text references "user" (id))`)
    await database.query(`insert into held values ('hours')`)
    const { code, stdout } = await onModule("purge", exporting("", busy), { args: ["--json"] })
    await database.query("drop table held")
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({ code: 3, report: { purged: 0, skipped: { held: 1 } } })
  })

  it("with a pool of node-postgres of which a client was never given back", async () => {
    const text = `
      import { LazyProvider, withLazy } from "authjs-lazy"
      import { LazyAdapter } from "authjs-lazy/drizzle"
      import { drizzle } from "drizzle-orm/node-postgres"
      import pg from "pg"
      const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
      await pool.connect()
      export const authConfig = withLazy({ adapter: LazyAdapter(drizzle(pool)), providers: [LazyProvider()] })
      export const purge = { olderThan: 3600, force: true }`
    expect(await onModule("purge", text)).toMatchObject({ code: 0, stderr: "" })
    expect(await usersIn(database)).toEqual([])
  })

  it("after the batch that it is at, when the module's onPurge takes its time and SIGTERM arrives", async () => {
    await database.query(
      `insert into "user" (id, "lazySince", "seenAt") values ('days', now(), now() - interval '2 days')`,
    )
    const purge = `export const purge = { olderThan: 3600, force: true, batchSize: 1, async onPurge({ tx }) {
      process.kill(process.pid, "SIGTERM")
      await new Promise((resolve) => process.once("SIGTERM", resolve))
      await tx.execute(sql\`select 1\`)
    } }`
    const { code, stdout, stderr } = await onModule("purge", exporting("", purge), { args: ["--json"] })
    expect({ code, stderr }).toEqual({ code: 3, stderr: "Stopping after this batch. A second signal stops at once.\n" })
    expect(JSON.parse(stdout)).toMatchObject({ purged: 1, interrupted: true })
    expect(await usersIn(database)).toEqual(["hours"])
  })
})

describe("a module that Node can't import", () => {
  it.each([
    ["is TypeScript that Node can't read", "ts", "export enum Plan { Free }"],
    ["imports what Node can't find", "mjs", `import "@/db"`],
  ])("is answered with the way out where it %s", async (_, extension, text) => {
    const { code, stderr, file } = await onModule("purge", text, { extension })
    expect(code).toBe(1)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(stderr).toContain(`npx tsx node_modules/authjs-lazy/dist/cli/main.js purge --config ${file}`)
  })

  it("is named in one line where it is no JavaScript", async () => {
    const { code, stdout, stderr, file } = await onModule("stats", "export const =")
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(new RegExp(`^authjs-lazy: --config: ${file} could not be imported: .+\\n$`))
  })

  // In a package of type module, config.test.ts purges.
  it.each([
    ["module", "doctor", healthy],
    ["commonjs", "purge", { code: 0, stderr: "" }],
  ])("is read as TypeScript by tsx, in a package of type %s", async (type, command, result) => {
    await app.write("package.json", JSON.stringify({ type }))
    const text = exporting("", "export enum Plan { Free }; export const purge = { olderThan: 3600, force: true }")
    const options = { extension: "ts", env: { NODE_OPTIONS: "--import tsx" } }
    const ran = await onModule(command, text, options)
    await app.write("package.json", "{}")
    expect(ran).toMatchObject(result)
    if (command === "purge") expect(await usersIn(database)).toEqual([])
  })
})
