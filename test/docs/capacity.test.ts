import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { postgresDatabase } from "../setup/databases.js"
import { blocksOf, page, root } from "./pages.js"

const { text } = page("docs/capacity.md")

/** The first number of a text, without the commas between its digits. */
const number = (text: string) => Number(/[\d.,]+/.exec(text)?.[0].replaceAll(",", ""))

/** Reads a table of the page, by the name in its comment: the cells of each row. */
function table(name: string): string[][] {
  const [, rows = ""] = text.match(new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`)) ?? []
  const lines = rows
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+$/.test(line))
  return lines.slice(1).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const inputs = Object.fromEntries(
  table("inputs").map(([symbol = "", , value = ""]) => [symbol.replaceAll("`", ""), number(value)]),
)
const input = (symbol: string) => {
  const value = inputs[symbol]
  if (value === undefined) throw new Error(`The page has no input ${symbol}.`)
  return value
}

const DAY = 86_400
const GB = 1e9

/** The formulas of the page, for so many first visits a second. */
const FORMULAS: Record<string, (v: number) => number> = {
  "cores of node": (v) => (v * input("node")) / 1e6 / input("busy"),
  "cores of PostgreSQL": (v) => (v * input("pg")) / 1e6 / input("busy"),
  connections: (v) => Math.max(2, (v * input("held")) / 1000 / input("busy")),
  "WAL, MB/s": (v) => (v * (input("wal") + input("walPurge"))) / 1e6,
  "WAL, GB a day": (v) => (v * (input("wal") + input("walPurge")) * DAY) / GB,
  "`max_wal_size`, GB": (v) => (v * (input("wal") + input("walPurge")) * 1200) / GB,
  "new rows on disk, GB a day": (v) => (v * DAY * (input("user") + input("session"))) / GB,
  "rows on disk in the end, GB": (v) => (v * DAY * input("days") * (input("user") + input("session"))) / GB,
  "lazy users in the end, millions": (v) => (v * DAY * input("days")) / 1e6,
  "purge workers": (v) => Math.ceil(v / input("purged")),
  "commands of Redis a second": (v) => v * input("redis"),
}

/** Rounds to two digits, as the page does. */
const rounded = (value: number) =>
  value >= 1000
    ? Math.round(value / 10 ** (Math.floor(Math.log10(value)) - 1)) * 10 ** (Math.floor(Math.log10(value)) - 1)
    : Number(value.toPrecision(2))

describe("the page on capacity", () => {
  it.each(Object.entries(FORMULAS))("computes %s from its inputs", (what, formula) => {
    const row = table("needs").find(([name]) => name === what)
    expect(row, "the row of the table").toBeDefined()
    const [, ...cells] = row as string[]
    expect(cells.map(number)).toEqual([1, 100, 10_000].map((visits) => rounded(formula(visits))))
  })

  it("computes nothing else", () => {
    expect(table("needs").map(([name]) => name)).toEqual(Object.keys(FORMULAS))
  })

  it("takes CPU times from the page on performance, and the rest from the benchmark's figures", () => {
    const visits =
      /^\| gate, first visit, database\s*\|(.+)\|$/m.exec(page("docs/performance.md").text)?.[1]?.split("|") ?? []
    expect([input("node"), input("pg")]).toEqual([number(visits[3] as string), number(visits[4] as string)])
    const [, users = "", seconds = ""] =
      /^\| (200,000)\s*\|\s*([\d.]+) \|/m.exec(page("docs/performance.md").text) ?? []
    expect(input("purged")).toBe(Number((number(users) / number(seconds)).toPrecision(3)))
    const { scale } = JSON.parse(readFileSync(join(root, "test/bench/results/scale.json"), "utf8"))
    const [, large] = scale
    expect([input("wal"), input("user"), input("session")]).toEqual([
      large.firstVisit.walBytes.database,
      large.firstVisit.diskBytes.user,
      large.firstVisit.diskBytes.session,
    ])
    expect(input("walPurge")).toBe(large.firstVisit.walBytes.purged)
    expect(table("times").map(([what, ...times]) => [what, ...times.map(number)])).toEqual(
      Object.keys(large.milliseconds).map((what) => [
        what,
        ...scale.map(({ milliseconds }: { milliseconds: Record<string, number> }) =>
          Number(milliseconds[what]?.toPrecision(3)),
        ),
      ]),
    )
    expect(scale.flatMap(({ scans }: { scans: string[] }) => scans)).toEqual([])
  })
})

it("has settings for vacuum that PostgreSQL takes", async () => {
  const database = await postgresDatabase()
  for (const { code } of blocksOf(page("docs/capacity.md")).filter(({ language }) => language === "sql"))
    await database.query(code)
  const set = await database.query(`select relname from pg_class
    where reloptions is not null and relkind = 'r' and relnamespace = 'public'::regnamespace order by relname`)
  expect(set).toEqual([{ relname: "session" }, { relname: "user" }])
  await database.close()
})
