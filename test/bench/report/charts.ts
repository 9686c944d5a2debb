import type { GrowthResults } from "../growth/section.js"
import { type Scenario, scenarioNames, scenarioOf } from "../http/scenarios.js"
import type { HttpResults } from "../http/section.js"
import type { PipeliningResults } from "../pipelining/section.js"
import type { Results } from "../results.js"
import { barChart, type Drawing, lineChart } from "./chart.js"
import { TARGET_CONNECTIONS } from "./targets.js"

/** Every chart, by the name of its file; those of sections that were not run are missing. */
export function chartsOf({ http, growth, pipelining }: Results): Record<string, Drawing> {
  return {
    ...(http && {
      "sign-in": httpChart(http, "sign-in", "Sign-ins and first visits"),
      "session-read": httpChart(http, "session read", "Session reads and returning visitors"),
    }),
    ...(growth && growthCharts(growth)),
    ...(pipelining && { pipelining: pipeliningChart(pipelining) }),
  }
}

function httpChart(http: HttpResults, group: Scenario["group"], title: string): Drawing {
  const names = scenarioNames.filter((name) => {
    const scenario = scenarioOf(name)
    if (scenario.group === group) return true
    // Show only the floors that do the same work. Next to one that does none, all bars look alike.
    const reads = scenario.from === "visitors"
    return scenario.group === "floor" && name !== "node:http" && reads === (group === "session read")
  })
  const rates = names.map((name) => http[name]?.find(({ connections }) => connections === TARGET_CONNECTIONS)?.rate)
  return barChart({
    title: `${title}, ${TARGET_CONNECTIONS} connections`,
    unit: "requests a second",
    categories: names,
    series: [{ name: "requests a second", values: rates.map((rate) => rate && Math.round(rate)) }],
  })
}

function growthCharts({ purge, merge }: GrowthResults): Record<string, Drawing> {
  return {
    purge: barChart({
      title: "Time to purge a lazy user with three child rows",
      unit: "microseconds a user",
      categories: purge.map(({ users }) => `of ${users.toLocaleString("en")}`),
      series: (["purge", "bare"] as const).map((way) => ({
        name: way === "purge" ? "purge" : "bare batched DELETE",
        values: purge.map(({ users, milliseconds }) => Math.round((milliseconds[way] / users) * 1000)),
      })),
    }),
    merge: barChart({
      title: "Time to merge a lazy user, against the bare UPDATEs",
      unit: "times as long",
      categories: merge.map(({ rows }) => `${rows.toLocaleString("en")} rows`),
      series: [
        {
          name: "merge / bare UPDATEs",
          values: merge.map(({ milliseconds: { merge, bare } }) => Number((merge / bare).toFixed(2))),
        },
      ],
    }),
  }
}

function pipeliningChart(results: PipeliningResults): Drawing {
  const seconds = Math.max(...results.map(({ perSecond }) => perSecond.length))
  return lineChart({
    title: "select 1, 16 at a time, by the driver's max_pipeline",
    unit: "statements a second",
    across: "seconds since the start",
    categories: Array.from({ length: seconds }, (_, second) => String(second + 1)),
    series: results.map(({ setting, perSecond }) => ({ name: `max_pipeline: ${setting}`, values: perSecond })),
  })
}
