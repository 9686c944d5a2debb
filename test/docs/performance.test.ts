import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { costChart } from "../bench/report/cost.js"
import { CHART, fillPage, PAGES } from "../bench/report/document.js"
import { type Target, targetsOf } from "../bench/report/targets.js"
import { page, root } from "./pages.js"

const read = (path: string) => readFileSync(join(root, path), "utf8")
const latest = JSON.parse(read("test/bench/results/latest.json"))
const { scale } = JSON.parse(read("test/bench/results/scale.json"))

describe("`npm run bench:render` has been run since the last run of the benchmark", () => {
  it.each(PAGES)("for %s", (path) => {
    const text = read(path)
    expect(fillPage(path, text, { ...latest, scale })).toBe(text)
  })

  it(`for ${CHART}`, () => {
    expect(`${costChart(latest.http)?.svg}\n`).toBe(read(CHART))
  })
})

it("begins the page on performance with the chart and what the package costs", () => {
  const text = page("docs/performance.md").text.replaceAll(/<!-- .* -->\n/g, "")
  expect(text).toMatch(
    /^# Performance\n+!\[[^\]]*authjs-lazy [\d,]+[^\]]*\]\(performance\/requests\.svg\)\n+A first visit costs /,
  )
})

const verdictOf = ({ met }: Target) => (met === undefined ? "" : met ? "met" : "not met")

it("says of each goal whether it is met, also of one without figures", () => {
  const [, table = ""] = /<!-- bench:targets -->([\s\S]*?)<!-- \/bench -->/.exec(read("test/bench/GOALS.md")) ?? []
  const rows = table
    .trim()
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
  expect(rows.map(([, what, , , verdict]) => [what, verdict])).toEqual(
    targetsOf(latest).map((target) => [target.what, verdictOf(target)]),
  )
})

it("counts a figure that is missing as not met, in a report about everything", () => {
  const { "gate, first visit, JWT": _, ...http } = latest.http
  const missing = targetsOf({ ...latest, http }).filter(({ what }) => what.startsWith("gate, first visit, JWT:"))
  expect(missing.map(verdictOf)).toEqual(["not met", "not met", "not met"])
  for (const results of [{}, { growth: latest.growth, http: {} }]) {
    const targets = targetsOf(results)
    expect(targets.find(({ what }) => what === "all of them: errors")?.met).toBe(false)
    expect(targets.filter(({ met, what }) => met && !/purge|merge|sign-in with/.test(what))).toEqual([])
  }
  expect(targetsOf({}).every(({ met }) => met === false)).toBe(true)
})

it("judges a run of some rows by these rows alone", () => {
  const rows = ["node:http, one SELECT", "gate, returning visitor, database"] as const
  const targets = targetsOf({ http: latest.http }, { sections: ["http"], rows })
  expect(targets.map(({ what }) => what)).toEqual([
    "gate, returning visitor, database: times as many as the SELECT floor",
    "gate, returning visitor, database: statements",
    "all of them: errors",
  ])
})
