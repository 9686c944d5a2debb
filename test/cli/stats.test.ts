import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { statsSummary } from "../../src/cli/report/stats-summary.js"
import type { StatsReport } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runCommand } from "./command.js"
import { fill } from "./lazy-users.js"
import { Terminal } from "./terminal.js"

const DAY = 24 * 60 * 60 * 1000
const dayOf = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)

const COLOUR = "\u001b["

let shared: PostgresDatabase
beforeAll(async () => {
  shared = await filledDatabase()
})
afterAll(() => shared.close())

/**
 * Makes four lazy users 41 days ago, of whom one converts after twelve hours, and 20 more two days
 * ago.
 */
async function filledDatabase() {
  const database = await fill(await postgresDatabase(), 4)
  await database.query(
    `insert into "user" (id, "lazySince", "seenAt") select 'new-' || n, now() - interval '2 days', now()
      from generate_series(1, 20) n`,
  )
  await database.query(
    `insert into "lazyOutcome"
      select 'outcome', "lazySince" + interval '12 hours', 'converted', 'git' || chr(27) || 'hub', "lazySince", 1
      from "user" where id = '1'`,
  )
  await database.query(`delete from "user" where id = '1'`)
  return database
}

const stats = (url: string, ...args: string[]) => runCommand(["stats", "--database-url", url, ...args])

describe("authjs-lazy stats", () => {
  it("prints totals, and a line with a bar for each day, without colours and as wide as 80 characters", async () => {
    const { url } = shared
    const { code, stdout, stderr } = await stats(url, "--since", "45d")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const [head = "", table = ""] = stdout.split("\n\n")
    expect(head.split("\n")).toEqual([
      "Lazy users now    23",
      `Since ${dayOf(45)}  24 created, 1 converted, 0 merged, 0 purged, 0 deleted`,
      "Became real by    git hub 1",
      "Conversion rate   4.2 % of those created since then",
      "Time to convert   12 hours for half of them, 12 hours for nine in ten",
    ])
    const lines = table.trimEnd().split("\n")
    expect(lines).toHaveLength(47)
    expect(lines[0]).toBe("day (UTC)   created  converted  merged  purged  deleted")
    expect(lines.find((line) => line.startsWith(dayOf(41)))).toMatch(/^\S+ +4 +[01] +0 +0 +0 {2}████▍$/)
    const longest = lines.find((line) => line.startsWith(dayOf(2))) ?? ""
    expect(longest).toMatch(/^\S+ +20 +0 +0 +0 +0 {2}█+$/)
    expect(Math.max(...lines.map((line) => line.length))).toBe(longest.length)
    expect(longest.length).toBeGreaterThan(75)
    expect(longest.length).toBeLessThan(80)
  })

  it("prints nothing but the report with --json, from the day of --since", async () => {
    const { url } = shared
    const { code, stdout } = await stats(url, "--json", "--since", dayOf(3))
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ lazyUsers: 23, since: `${dayOf(3)}T00:00:00.000Z`, exact: true, conversionRate: 0 })
    expect(report.days.map(({ day, created }: { day: string; created: number }) => [day, created])).toEqual([
      [dayOf(3), 0],
      [dayOf(2), 20],
      [dayOf(1), 0],
      [dayOf(0), 0],
    ])
  })

  it("says how exact it is without a table of outcomes", async () => {
    const { url, query, close } = await filledDatabase()
    onTestFinished(close)
    await query(`drop table "lazyOutcome"`)
    const { stdout } = await stats(url)
    expect(stdout).toContain("There is no table of outcomes, so this counts only the users that still exist")
    expect(JSON.parse((await stats(url, "--json")).stdout)).toMatchObject({ exact: false, lazyUsers: 23 })
  })

  it("writes a page with charts, and says so", async () => {
    const { url } = shared
    const cwd = await mkdtemp(join(tmpdir(), "authjs-lazy-stats-"))
    onTestFinished(() => rm(cwd, { recursive: true }))
    const args = ["stats", "--database-url", url, "--html", "report.html", "--json"]
    const { code, stdout, stderr } = await runCommand(args, { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: "authjs-lazy: Wrote report.html.\n" })
    expect(JSON.parse(stdout)).toMatchObject({ lazyUsers: 23, details: { heldBack: { due: 3 } } })
    expect(new Date(JSON.parse(stdout).since).getUTCDay()).toBe(1)
    const html = await readFile(join(cwd, "report.html"), "utf8")
    expect(html).toContain("<title>Lazy users</title>")
    expect(html).toMatch(/http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^"]+"/)
    expect(html.match(/role="img"/g)?.length).toBeGreaterThan(4)
    // Only an app can serve other periods.
    expect(html).not.toContain("<nav")
    const nowhere = await runCommand([...args.slice(0, 4), "no/such/folder.html"], { cwd })
    expect(nowhere).toMatchObject({ code: 2, stdout: "" })
    expect(nowhere.stderr).toContain("--html: no/such/folder.html could not be written (ENOENT).")
  })

  it("says how far a sample may be off", () => {
    const report: StatsReport = {
      lazyUsers: 2_500_000,
      since: new Date("2026-01-01"),
      days: [],
      ways: {},
      conversionRate: 0.07,
      timeToConvert: null,
      exact: false,
      sampled: {
        share: 0.0746,
        recorded: true,
        lazyUsers: 64_000,
        created: 45_500,
        converted: 0,
        days: [],
        conversionRate: [0.0681, 0.0719],
      },
    }
    const text = statsSummary(report, ["user"], process.stdout)
    expect(text).toContain("Lazy users now    2,500,000 ± 64,000\n")
    expect(text).toContain(
      "Read 7.5 % of the pages of the user table. In 19 of 20 samples, the truth is within ± of the number of lazy users, " +
        "± 45,500 created, and a rate from 6.8 % to 7.2 %. Pass --exact to count them all.",
    )
    expect(text).not.toContain("no table of outcomes")
  })

  it.each([["the day before yesterday"], ["2026-02-31"], ["30"], ["2026"]])(
    "exits with 2 for --since %s",
    async (since) => {
      const { code, stdout, stderr } = await stats("postgres://127.0.0.1:1/nowhere", "--since", since)
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("--since takes a day, such as 2026-01-31, or how long ago it was, such as 90d.")
    },
  )

  it("exits with 1 for a day that is too long ago", async () => {
    const { url } = shared
    expect(await stats(url, "--since", "2001-01-01")).toEqual({
      code: 1,
      stdout: "",
      stderr: "authjs-lazy: stats: `since` must be a date from the last 10 years, not after today.\n",
    })
  })

  it.each([
    ["on a wide terminal", 140],
    ["on a narrow one", 70],
  ])("fills the width %s, in colour", async (_, columns) => {
    const { url } = shared
    const terminal = new Terminal(["stats", "--since", "5d"], { url, columns })
    expect(await terminal.ended()).toBe(0)
    expect(terminal.shown).toContain(COLOUR)
    const lines = stripVTControlCharacters(terminal.shown).split("\r\n")
    const longest = Math.max(...lines.slice(-9).map((line) => line.length))
    expect(longest).toBeLessThan(columns)
    expect(longest).toBeGreaterThan(columns - 5)
  })

  it("leaves the bars out where there is no room", async () => {
    const { url } = shared
    const terminal = new Terminal(["stats", "--since", "5d"], { url, columns: 60 })
    expect(await terminal.ended()).toBe(0)
    expect(terminal.shown).toContain(dayOf(2))
    expect(terminal.shown).not.toContain("█")
  })

  it("uses no colours with NO_COLOR", async () => {
    const { url } = shared
    const terminal = new Terminal(["stats"], { url, env: { NO_COLOR: "1" } })
    expect(await terminal.ended()).toBe(0)
    expect(terminal.shown).toContain("█")
    expect(terminal.shown).not.toContain(COLOUR)
  })
})
