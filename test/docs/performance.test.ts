import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { type Target, targetsOf } from "../bench/report/targets.js"

const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8")
const latest = JSON.parse(readFileSync(new URL("../bench/results/latest.json", import.meta.url), "utf8"))

const verdictOf = ({ met }: Target) => (met === undefined ? "" : met ? "met" : "not met")

it("says of each target in docs/performance.md whether it is met, also of one without figures", () => {
  const [, table = ""] = /<!-- bench:targets -->([\s\S]*?)<!-- \/bench -->/.exec(page) ?? []
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
  expect(missing.map(verdictOf)).toEqual(["not met", "not met"])
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
