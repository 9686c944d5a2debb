import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { appFolder, appModule } from "./app-folder.js"
import { runCommand, spawnCommand } from "./command.js"

const SECRET = "s3cr3t-of-the-test"
/** An address at which no server answers. */
const NOWHERE = `postgres://ada:${SECRET}@127.0.0.1:1/nowhere`
const healthy = "0 errors, 0 warnings. 0 lazy users to purge.\n"

let database: PostgresDatabase
let cwd: string

beforeAll(async () => {
  database = await postgresDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "authjs-lazy-env-"))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

const write = (file: string, text: string) => writeFile(join(cwd, file), text)
const run = (env: Record<string, string> = {}, command = "stats") => runCommand([command], { cwd, env })

describe("a command finds the database", () => {
  it("of an address that was given, which the files don't complete", async () => {
    const { href, pathname } = new URL(database.url)
    const server = href.slice(0, -pathname.length)
    await write(".env", `DATABASE_URL=${server}\nPGDATABASE=${pathname.slice(1)}\nNODE_TLS_REJECT_UNAUTHORIZED=0`)
    const spawned = (args: string[], env: Record<string, string> = {}) => spawnCommand(["stats", ...args], { cwd, env })
    // The files may leave out a part that another variable of theirs has.
    expect(await spawned([])).toMatchObject({ code: 0, stderr: expect.stringContaining("Reading variables") })
    for (const result of [
      await spawned(["--database-url", server]),
      await spawned([], { DATABASE_URL: server }),
      await spawned([], { POSTGRES_URL: server }),
    ]) {
      expect(result.code).toBe(1)
      expect(result.stderr).not.toContain("NODE_TLS_REJECT_UNAUTHORIZED")
    }
  })

  it.each([".env", ".env.local"])("in %s, which stderr names, without a value", async (file) => {
    await write(file, `# the app's\nAUTH_SECRET=${SECRET}\nDATABASE_URL="${database.url}"\n`)
    const { code, stderr } = await run()
    expect({ code, stderr }).toEqual({ code: 0, stderr: `authjs-lazy: Reading variables from ${file}.\n` })
  })

  it("in .env.local before .env, and in the environment before both", async () => {
    await write(".env", `DATABASE_URL=${NOWHERE}`)
    await write(".env.local", `POSTGRES_URL=${database.url}`)
    expect(await run()).toMatchObject({ code: 0, stderr: "authjs-lazy: Reading variables from .env.local and .env.\n" })
    await write(".env.local", `DATABASE_URL=${NOWHERE}`)
    // Under the other name, too.
    for (const name of ["DATABASE_URL", "POSTGRES_URL"])
      expect(await run({ [name]: database.url })).toMatchObject({ code: 0, stderr: "" })
  })

  it("nowhere else: not in a variable that is set to nothing, and not in a folder above", async () => {
    await write(".env", `DATABASE_URL=${database.url}`)
    expect(await run({ DATABASE_URL: "" })).toMatchObject({ code: 2 })
    await mkdir(join(cwd, "packages"))
    expect(await runCommand(["stats"], { cwd: join(cwd, "packages") })).toMatchObject({ code: 2 })
  })

  it("and says in one line, without the address, that no server answers", async () => {
    await write(".env", `DATABASE_URL=${NOWHERE}`)
    const { code, stderr } = await run()
    expect(code).toBe(1)
    expect(stderr).toContain("No PostgreSQL server answers at 127.0.0.1:1")
    expect(stderr).not.toContain(SECRET)
  })
})

it("looks past a folder called .env, and says which file can't be read", async () => {
  await mkdir(join(cwd, ".env"))
  await symlink(".env.local", join(cwd, ".env.local"))
  expect(await run({ DATABASE_URL: database.url })).toMatchObject({
    code: 0,
    stderr: "authjs-lazy: .env.local can't be read (ELOOP).\n",
  })
})

it("the doctor judges the secret in .env, and repeats it nowhere", async () => {
  await write(".env", `DATABASE_URL=${database.url}\nAUTH_SECRET=${SECRET}`)
  const { code, stdout, stderr } = await run({}, "doctor")
  expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining("error secret_weak: AUTH_SECRET\n") })
  expect(stdout + stderr).not.toContain(SECRET)
  await write(".env.local", "AUTH_SECRET=q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd")
  expect(await run({}, "doctor")).toMatchObject({ code: 0, stdout: healthy })
})

it("the module of --config sees the variables, of which none that is set has changed", async () => {
  const app = await appFolder()
  onTestFinished(app.remove)
  await app.write(".env", `DATABASE_URL=${database.url}\nAUTH_SECRET=q0mS8b0mVnJ3b5rTzv0bqk2o9xLr7aYd\nCOLOUR=red`)
  // The configuration reads DATABASE_URL only.
  await app.write(".env.local", `POSTGRES_URL=${NOWHERE}`)
  await app.write("auth.mjs", `${appModule({})}; export const authConfig = made; console.log(process.env.COLOUR)`)
  const result = await spawnCommand(["doctor", "--config", "auth.mjs"], { cwd: app.path, env: { COLOUR: "green" } })
  expect(result).toEqual({
    code: 0,
    stdout: healthy,
    stderr: "authjs-lazy: Reading variables from .env.local and .env.\ngreen\n",
  })
})
