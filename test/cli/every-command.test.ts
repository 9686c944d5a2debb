import { createServer } from "node:net"
import { expect, it, onTestFinished } from "vitest"
import { page } from "../docs/pages.js"
import { emptyPostgres } from "../setup/databases.js"
import { type CommandResult, runCommand } from "./command.js"

const SECRET = "s3cr3t-of-the-test"
const commands = ["migrate", "adopt", "purge", "stats", "doctor"]
const allCommands = ["init", ...commands]

/** What a command that must fail says, on one line; nothing on stdout, and no password anywhere. */
function failure({ code, stdout, stderr }: CommandResult): string {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(stderr).not.toContain(SECRET)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  return stderr.trimEnd()
}

it.each(allCommands)("%s --help has examples that name the command, and the exit codes", async (command) => {
  const { code, stdout } = await runCommand([command, "--help"])
  expect(code).toBe(0)
  const [, examples = ""] = stdout.split("Examples:\n")
  const lines = examples.split("\n\n")[0]?.split("\n") ?? []
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.filter((line) => !line.includes(`authjs-lazy ${command}`))).toEqual([])
  expect(stdout).toMatch(/Exit codes:\n {2}0 {2}done\n {2}1 {2}failed\n {2}2 .*\n {2}3 /)
  expect(stdout).toContain("--json")
})

it.each(commands)("%s fails in one line without the password where no server answers", async (command) => {
  const probe = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => probe.once("listening", resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const url = `postgres://ada:${SECRET}@127.0.0.1:${port}/notes`
  expect(failure(await runCommand([command, "--database-url", url]))).toBe(
    `authjs-lazy: No PostgreSQL server answers at 127.0.0.1:${port} (ECONNREFUSED).`,
  )
})

it.each(commands)("%s fails in one line without the password for a wrong URL", async (command) => {
  const url = `postgres://ada:12/${SECRET}@127.0.0.1/notes`
  expect(failure(await runCommand([command, "--json"], { env: { DATABASE_URL: url } }))).toContain("not valid")
})

it.each(commands)("%s fails in one line without the password for a database that is not there", async (command) => {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  const url = Object.assign(new URL(database.url), { pathname: "/nowhere" }).href
  expect(failure(await runCommand([command, "--database-url", url]))).toContain('has no database "nowhere".')
})

it.each([
  ["in quotes", (url: string) => `"${url}"`],
  ["after a blank", (url: string) => ` ${url}`],
  ["without its scheme", (url: string) => url.replace("postgres:", "")],
  ["without anything before the name", (url: string) => url.replace("postgres://ada", "a")],
])("no command repeats an address that it takes for no URL, %s", async (_, spoil) => {
  const address = spoil(`postgres://ada:${SECRET}@127.0.0.1/notes`)
  for (const command of commands)
    expect(failure(await runCommand([command], { env: { DATABASE_URL: address } }))).toContain("neither postgres://")
})

it.each([
  `postgres://h/db?password=${SECRET}`,
  `postgres://ada:12/${SECRET}@127.0.0.1/notes`,
  `postgres://ada:12 ${SECRET}@127.0.0.1/notes`,
])("no command repeats a password that is somewhere else on its line: %s", async (url) => {
  for (const args of [["purge", url], [url], ["purge", "--users-table", "user", url]]) {
    const { code, stderr } = await runCommand(args)
    expect(code).toBe(2)
    expect(stderr).not.toContain(SECRET)
  }
})

it("an error that says what a URL looks like says it in full", async () => {
  const { stderr } = await runCommand(["stats", "--database-url", "postgres://ada:12/34@127.0.0.1/notes"])
  expect(stderr).toContain(" postgres://user:password@host:5432/database,")
})

it.each(allCommands)("%s exits with 2 for an option that it does not have", async (command) => {
  const { code, stdout, stderr } = await runCommand([command, "--surprise"])
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
  expect(stderr).toContain(`Usage:\n  $ authjs-lazy ${command}`)
})

it.each(allCommands)("%s has no option that the documentation doesn't explain", async (command) => {
  const { stdout } = await runCommand([command, "--help"])
  const options = stdout.match(/--[a-z][a-z-]+(?=[ ,])/g) ?? []
  expect(options).toContain(command === "init" ? "--write" : "--database-url")
  const { text } = page("docs/command.md")
  expect(options.filter((option) => !text.includes(`\`${option}`))).toEqual([])
})
