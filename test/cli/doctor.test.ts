import { expect, it, onTestFinished } from "vitest"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runCommand } from "./command.js"
import { Terminal } from "./terminal.js"

async function migrated(): Promise<PostgresDatabase> {
  const database = await postgresDatabase()
  onTestFinished(database.close)
  return database
}

const doctor = (url: string, ...args: string[]) => runCommand(["doctor", "--database-url", url, ...args])

it("authjs-lazy doctor exits with 0 when there is nothing to do", async () => {
  const { url } = await migrated()
  expect(await doctor(url)).toEqual({ code: 0, stdout: "0 errors, 0 warnings. 0 lazy users to purge.\n", stderr: "" })
  const { code, stdout } = await doctor(url, "--json")
  expect({ code, report: JSON.parse(stdout) }).toEqual({ code: 0, report: { findings: [], purgeable: 0 } })
})

it("authjs-lazy doctor exits with 0 when there is only something to know", async () => {
  const { url, query } = await migrated()
  await query(
    `insert into "user" (id, "lazySince", "seenAt") values ('1', now() - interval '32 days', now() - interval '31 days')`,
  )
  const { code, stdout } = await doctor(url)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^info purgeable\n {2}One lazy user can never come back.*\n {4}npx authjs-lazy purge\n/)
  expect(stdout).toMatch(/\n0 errors, 0 warnings\. 1 lazy user to purge\.\n$/)
})

it("authjs-lazy doctor exits with 3 when something is wrong, and says what to paste", async () => {
  const { url, query } = await migrated()
  await query(`drop index "user_lazy_idx"`)
  await query(`create table payment (id int primary key, "userId" text references "user" (id))`)
  const { code, stdout, stderr } = await doctor(url)
  expect({ code, stderr }).toEqual({ code: 3, stderr: "" })
  expect(stdout).toMatch(/^warning purge_index: user\n/m)
  expect(stdout).toMatch(/^ {4}create index concurrently .*lazySince/m)
  expect(stdout).toMatch(/^warning purge_blocked: payment/m)
  const { findings } = JSON.parse((await doctor(url, "--json")).stdout)
  expect(findings).toContainEqual({
    code: "purge_blocked",
    severity: "warning",
    message: expect.any(String),
    fix: expect.any(String),
    where: expect.stringContaining("payment"),
  })
  expect((await doctor(url, "--cascade")).stdout).toMatch(/^info purge_blocked: payment/m)
})

it("authjs-lazy doctor finds a database that was not migrated", async () => {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  const { code, stdout } = await doctor(database.url)
  expect(code).toBe(3)
  expect(stdout).toContain("error migrations_pending\n")
  expect(stdout).toContain("    npx authjs-lazy migrate\n")
})

it("authjs-lazy doctor uses colours on a terminal, and none with NO_COLOR", async () => {
  const { url, query } = await migrated()
  await query(`drop index "user_lazy_idx"`)
  const coloured = new Terminal(["doctor"], { url })
  expect(await coloured.ended()).toBe(3)
  expect(coloured.shown).toContain("\u001b[33mwarning\u001b[39m purge_index")
  const plain = new Terminal(["doctor"], { url, env: { NO_COLOR: "1" } })
  expect(await plain.ended()).toBe(3)
  expect(plain.shown).toContain("warning purge_index")
  expect(plain.shown).not.toContain("\u001b[")
})
