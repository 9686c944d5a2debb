import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { stripVTControlCharacters } from "node:util"
import { describe, expect, it, onTestFinished } from "vitest"
import { builtCommand, runCommand } from "./command.js"
import { databaseToPurge, fill, holdUp, usersIn } from "./lazy-users.js"
import { Terminal } from "./terminal.js"

const purge = (url: string, ...args: string[]) => runCommand(["purge", "--database-url", url, ...args])

/** Starts a purge that can be sent signals. */
function startPurge(url: string, ...args: string[]) {
  const child = spawn(process.execPath, [builtCommand, "purge", "--database-url", url, ...args])
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended: ended.then(([stdout, stderr, [code, signal]]) => ({ stdout, stderr, code, signal })),
    /** Resolves when it has said something on stderr. */
    said: () => once(child.stderr, "data"),
  }
}

describe("authjs-lazy purge", () => {
  it("says how many users have gone, and how many rows with them, by table", async () => {
    const database = await databaseToPurge(1200)
    const { code, stdout, stderr } = await purge(database.url)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toMatch(
      /^Purged 1,200 lazy users last seen before \d{4}-\d\d-\d\dT[\d:.]+Z\.\nRows deleted with them:\n {2}session {2}1,200\n$/,
    )
    expect(await usersIn(database)).toEqual([])
  })

  it("changes nothing in a dry run, and says what would go", async () => {
    const database = await databaseToPurge(3)
    const { code, stdout } = await purge(database.url, "--dry-run")
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^Would purge 3 lazy users last seen before .*\nRows that would be deleted with them:\n {2}session {2}3\n$/,
    )
    expect(await usersIn(database)).toHaveLength(3)
  })

  it("prints nothing but the report on stdout with --json", async () => {
    const database = await databaseToPurge(3)
    const { code, stdout } = await purge(database.url, "--json", "--limit", "2", "--batch-size=1")
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      purged: 2,
      deleted: { session: 2 },
      skipped: {},
      failed: [],
      failures: 0,
      interrupted: false,
      dryRun: false,
      before: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(await usersIn(database)).toHaveLength(1)
  })

  it.each([
    ["--older-than 41d", 0],
    ["--older-than 35d", 3],
    ["--older-than 3024000", 3],
    ["--older-than 960h", 3],
    ["--older-than 12h --force", 3],
  ])("takes %s", async (args, purged) => {
    const database = await databaseToPurge(3)
    const { code, stdout } = await purge(database.url, "--json", ...args.split(" "))
    expect({ code, purged: JSON.parse(stdout).purged }).toEqual({ code: 0, purged })
  })

  it("refuses a time in which sessions can still be alive, unless it is forced", async () => {
    const database = await databaseToPurge(3)
    const { code, stdout, stderr } = await purge(database.url, "--older-than", "1d")
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toBe(
      "authjs-lazy: --older-than is 1 day, but a session can live for 30 days (the default of Auth.js), so users who can still return would be deleted. " +
        "Pass --older-than 2592000s or more, or --force, or --config auth.ts to read the age of your sessions.\n",
    )
    expect(await usersIn(database)).toHaveLength(3)
  })

  it("exits with 3 when users are skipped, and takes them with --cascade", async () => {
    const database = await databaseToPurge(3)
    await database.query(`create table payment ("userId" text references "user" (id))`)
    await database.query("insert into payment values ('2'), ('2')")
    const skipping = await purge(database.url)
    expect(skipping.code).toBe(3)
    expect(skipping.stdout).toContain("Purged 2 lazy users")
    expect(skipping.stdout).toMatch(/refer to them:\n {2}payment {2}1\n$/)
    expect(skipping.stdout).toMatch(
      /\nHeld back by foreign keys\. To change these: npx authjs-lazy doctor\n.*: --cascade \(/,
    )
    expect(await usersIn(database)).toEqual(["2"])
    const cascading = await purge(database.url, "--cascade")
    expect(cascading.code).toBe(0)
    expect(cascading.stdout).toMatch(/^Purged 1 lazy user last/)
    expect(cascading.stdout).toMatch(/ {2}payment {2}2\n/)

    // No cascade deletes other users.
    await fill(database, 1)
    await database.query(`alter table "user" add "invitedBy" text references "user"`)
    await database.query(`insert into "user" (id, "invitedBy") values ('real', '1')`)
    const inviting = await purge(database.url)
    expect(inviting.stdout).toContain("npx authjs-lazy doctor\n")
    expect(inviting.stdout).not.toContain("--cascade")
  })

  it("exits with 3 when a user will not go, and names it without letting the database write to the terminal", async () => {
    const database = await databaseToPurge(3)
    await database.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'Kept.%Bell!', chr(27) || '[31m' || chr(10);
      end $$`)
    await database.query(
      `create trigger refuse before delete on "user" for each row when (old.id = '2') execute function refuse()`,
    )
    const { code, stdout } = await purge(database.url)
    expect(code).toBe(3)
    expect(stdout).toContain("Users that could not be deleted: 1\n  2: Kept. [31m Bell!\n")
    expect(await usersIn(database)).toEqual(["2"])
    const report = JSON.parse((await purge(database.url, "--json")).stdout)
    expect(report).toMatchObject({ purged: 0, failures: 1, failed: [{ userId: "2" }] })
  })

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ends after its batch with a report on %s, and the next run takes up the rest",
    async (signal) => {
      const database = await databaseToPurge(5)
      const held = await holdUp(database, "3")
      const running = startPurge(database.url, "--json", "--batch-size", "1")
      await held.waits()
      const said = running.said()
      running.kill(signal)
      await said
      await held.letGo()
      const { code, stdout, stderr } = await running.ended
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: "Stopping after this batch. A second signal stops at once.\n",
      })
      const { purged, interrupted } = JSON.parse(stdout)
      expect(interrupted).toBe(true)
      expect(await usersIn(database)).toHaveLength(5 - purged)
      expect(await usersIn(database)).not.toContain("3")
      expect(purged).toBeLessThan(5)
      expect(await purge(database.url)).toMatchObject({ code: 0 })
      expect(await usersIn(database)).toEqual([])
    },
  )

  it("ends at once on the second signal, and its batch is undone", async () => {
    const database = await databaseToPurge(5)
    const held = await holdUp(database, "3")
    const running = startPurge(database.url)
    await held.waits()
    const said = running.said()
    running.kill("SIGINT")
    await said
    running.kill("SIGINT")
    expect(await running.ended).toMatchObject({ code: null, signal: "SIGINT", stdout: "" })
    await held.letGo()
    await held.isOver()
    expect(await usersIn(database)).toHaveLength(5)
    expect((await purge(database.url)).stdout).toContain("Purged 5 lazy users")
  })

  it.each([
    ["--older-than soon", "--older-than takes a duration"],
    ["--older-than 1d --older-than 2d", "--older-than takes a duration"],
    ["--limit all", "--limit takes a whole number"],
    ["--limit 0", "--limit takes a whole number"],
    ["--batch-size 1.5", "--batch-size takes a whole number"],
    ["--config", "value is missing"],
    ["--config a --config b", "--config takes one file"],
    ["--dry-run=true", "--dry-run takes no value"],
    ["--dry-run yes", "--dry-run takes no value"],
    ["--dry-run --dry-run", "--dry-run takes no value"],
    ["--force 1", "Only options can follow"],
    ["--json=no", "Only options can follow"],
    ["-- --dry-run", "Nothing can follow --"],
  ])("exits with 2 for %s", async (args, message) => {
    const { code, stdout, stderr } = await purge("postgres://127.0.0.1:1/nowhere", ...args.split(" "))
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr).toContain(message)
    expect(stderr).toContain("Usage:\n  $ authjs-lazy purge")
  })
})

describe("authjs-lazy purge on a terminal", () => {
  it("shows a bar with count, rate and time left, and the report at last", async () => {
    const database = await databaseToPurge(5)
    const held = await holdUp(database, "1")
    const terminal = new Terminal(["purge", "--batch-size", "1"], { url: database.url })
    await terminal.shows(/Purging █+░+ 4 of 5, \d+ a second, \d+ seconds? left/)
    await held.letGo()
    expect(await terminal.ended()).toBe(0)
    expect(terminal.shown).toMatch(/Purging █+ 5 of 5, \d+ a second/)
    expect(terminal.shown).toContain("Purged 5 lazy users")
    // The terminal is left as it was found.
    for (const mode of ["25", "7"]) expect(terminal.shown).not.toContain(`\u001b[?${mode}l`)
  })

  it("keeps to the width of the terminal", async () => {
    const database = await databaseToPurge(5)
    const terminal = new Terminal(["purge", "--batch-size", "1"], { url: database.url, columns: 40 })
    expect(await terminal.ended()).toBe(0)
    const bars = stripVTControlCharacters(terminal.shown).match(/Purging ((?!Purging)[^\r\n])*/g) ?? []
    const longest = Math.max(...bars.map((bar) => bar.length))
    expect(longest).toBeGreaterThan(30)
    expect(longest).toBeLessThanOrEqual(40)
  })

  it("shows the bar beside a report that goes elsewhere", async () => {
    const database = await databaseToPurge(5)
    const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-cli-"))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, "report.json")
    const terminal = new Terminal(["purge", "--json"], { url: database.url, after: `> '${file}'` })
    expect(await terminal.ended()).toBe(0)
    expect(terminal.shown).toContain("Purging █")
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ purged: 5 })
  })

  it("ends after its batch when somebody presses Ctrl-C", async () => {
    const database = await databaseToPurge(5)
    const held = await holdUp(database, "3")
    const terminal = new Terminal(["purge", "--batch-size", "1"], { url: database.url })
    await held.waits()
    terminal.interrupt()
    await terminal.shows("Stopping after this batch.")
    await held.letGo()
    expect(await terminal.ended()).toBe(3)
    expect(terminal.shown).toMatch(/Purged \d lazy users? last seen/)
    expect(terminal.shown).toContain("Interrupted. The next run continues with the rest.")
  })

  it("ends at once when somebody presses it twice", async () => {
    const database = await databaseToPurge(5)
    const held = await holdUp(database, "3")
    const terminal = new Terminal(["purge"], { url: database.url })
    await held.waits()
    terminal.interrupt()
    await terminal.shows("Stopping after this batch.")
    terminal.interrupt()
    expect(await terminal.ended()).toBe(130)
    await held.letGo()
    await held.isOver()
    expect(await usersIn(database)).toHaveLength(5)
  })
})
