import type { GrowthResults } from "../growth/section.js"
import { type Scenario, type ScenarioName, scenarioNames, scenarioOf } from "../http/scenarios.js"
import type { HttpResults } from "../http/section.js"
import type { Machine } from "../machine.js"
import type { PipeliningResults } from "../pipelining/section.js"
import type { Results } from "../results.js"
import { markdownTable, figure as number } from "./table.js"
import { type Scope, type Target, targetsOf } from "./targets.js"

/**
 * Returns every table by its place in GOALS.md, without those of sections that didn't run.
 *
 * @param scope What the targets are about; default: everything.
 */
export function tablesOf(results: Results, scope?: Scope): Record<string, string> {
  const { machine, http, growth, pipelining } = results
  const targets = targetsOf(results, scope)
  return {
    machine: machineTable(machine),
    ...(targets.length > 0 && { targets: targetsTable(targets) }),
    ...(http &&
      Object.fromEntries(loadsOf(http).map((connections) => [`http-${connections}`, httpTable(http, connections)]))),
    ...(growth && growthTables(growth)),
    ...(pipelining && { pipelining: pipeliningTable(pipelining) }),
  }
}

function machineTable({ date, processor, cores, memoryGB, system, versions }: Machine): string {
  const rows = Object.entries({ date, processor, cores, memory: `${memoryGB} GB`, system, ...versions })
  return markdownTable(
    ["", ""],
    rows.map(([name, value]) => [name, String(value)]),
  )
}

function targetsTable(targets: Target[]): string {
  const verdict = (met: boolean | undefined) => (met === undefined ? "" : met ? "met" : "not met")
  return markdownTable(
    ["", "goal", "measured", ""],
    targets.map(({ what, goal, measured, met }) => [what, goal, number(measured), verdict(met)]),
  )
}

function loadsOf(http: HttpResults): number[] {
  return (Object.values(http)[0] ?? []).map(({ connections }) => connections)
}

/** What a rate is given as a share of: the least that the same work asks of a server. */
function floorOf({ from, writes, group }: Scenario): ScenarioName {
  if (group === "floor" || group === "public page") return "node:http"
  if (writes.sessions > 0) return "node:http, user and session in one statement"
  return from === "visitors" ? "node:http, one SELECT" : "node:http, one INSERT"
}

function httpTable(http: HttpResults, connections: number): string {
  const at = (name: ScenarioName) => http[name]?.find((each) => each.connections === connections)
  const rows = scenarioNames.flatMap((name) => {
    const measured = at(name)
    if (!measured) return []
    const { rate, latency, cpu, statements, errors } = measured
    const floor = at(floorOf(scenarioOf(name)))?.rate ?? Number.NaN
    const figures = [rate, rate / floor, latency.p50, latency.p99, cpu.node, cpu.postgres, statements, errors]
    return [[name, ...figures.map(number)]]
  })
  const head = [
    "",
    "requests/s",
    "of the floor",
    "p50 ms",
    "p99 ms",
    "node µs",
    "PostgreSQL µs",
    "statements",
    "errors",
  ]
  return markdownTable(head, rows)
}

function growthTables({ signIn, purge, merge, tenants, memory }: GrowthResults): Record<string, string> {
  return {
    "growth-sign-in": markdownTable(
      ["users in the table", "first visits/s"],
      signIn.map(({ users, rate }) => [number(users), number(rate)]),
    ),
    "growth-purge": markdownTable(
      ["lazy users", "purge, s", "bare DELETE, s", "bare / purge", "four purges at once, s", "one / four"],
      purge.map(({ users, milliseconds: { purge, bare, four } }) =>
        [users, purge / 1000, bare / 1000, bare / purge, four / 1000, purge / four].map(number),
      ),
    ),
    "growth-merge": markdownTable(
      ["rows", "merge, ms", "bare UPDATEs, ms", "merge / bare", "statements of merge", "bare statements"],
      merge.map(({ rows, milliseconds: { merge, bare }, statements }) =>
        [rows, merge, bare, merge / bare, statements.merge, statements.bare].map(number),
      ),
    ),
    ...(tenants && {
      "growth-tenants": markdownTable(
        ["tenants", "partitions of a child", "merge, ms", "purge, ms", "rows of the catalogue scanned"],
        tenants.map(({ tenants, partitions, milliseconds: { merge, purge }, scanned }) =>
          [tenants, partitions, merge, purge, scanned].map(number),
        ),
      ),
    }),
    "growth-memory": markdownTable(
      ["decisions of the gate", "heap, MB", "resident, MB"],
      memory.map(({ decisions, heapMB, rssMB }) => [decisions, heapMB, rssMB].map(number)),
    ),
  }
}

function pipeliningTable(results: PipeliningResults): string {
  return markdownTable(
    ["max_pipeline", "first second", "last second"],
    results.map(({ setting, perSecond }) => [setting, number(perSecond[0]), number(perSecond.at(-1))]),
  )
}
