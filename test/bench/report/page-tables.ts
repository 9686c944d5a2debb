import type { GrowthResults } from "../growth/section.js"
import { scenarioNames, scenarioOf } from "../http/scenarios.js"
import type { HttpResults } from "../http/section.js"
import type { Results } from "../results.js"
import { figure, markdownTable } from "./table.js"
import { TARGET_CONNECTIONS } from "./targets.js"

/** Returns the tables of docs/performance.md by their places, without those of sections that didn't run. */
export function pageTablesOf({ http, growth }: Results): Record<string, string> {
  return { ...(http && { requests: requestsTable(http) }), ...(growth && growthTables(growth)) }
}

/** What each request costs, without the servers that only say what is possible. */
function requestsTable(http: HttpResults): string {
  const rows = scenarioNames.flatMap((name) => {
    const measured = http[name]?.find(({ connections }) => connections === TARGET_CONNECTIONS)
    if (!measured || scenarioOf(name).group === "floor") return []
    const { rate, latency, cpu, statements } = measured
    return [[name, ...[rate, latency.p50, latency.p99, cpu.node, cpu.postgres, statements].map(figure)]]
  })
  return markdownTable(["", "requests/s", "p50 ms", "p99 ms", "Node µs", "PG µs", "SQL"], rows)
}

function growthTables({ signIn, purge, merge, tenants }: GrowthResults): Record<string, string> {
  return {
    "sign-in": markdownTable(
      ["users in the table", "first visits/s"],
      signIn.map(({ users, rate }) => [figure(users), figure(rate)]),
    ),
    purge: markdownTable(
      ["lazy users", "purge, s", "four purges at once, s", "bare `DELETE`, s"],
      purge.map(({ users, milliseconds: { purge, four, bare } }) =>
        [users, purge / 1000, four / 1000, bare / 1000].map(figure),
      ),
    ),
    merge: markdownTable(
      ["rows of the lazy user", "merge, ms", "bare `UPDATE`s, ms"],
      merge.map(({ rows, milliseconds: { merge, bare } }) => [rows, merge, bare].map(figure)),
    ),
    ...(tenants && {
      tenants: [
        "The same in one of many schemas, each with its own user table, and beside a table with many partitions: a merge",
        "of ten rows, and a purge of 5,000 users.",
        "",
        markdownTable(
          ["schemas", "partitions", "merge, ms", "purge, ms"],
          tenants.map(({ tenants, partitions, milliseconds: { merge, purge } }) =>
            [tenants, partitions, merge, purge].map(figure),
          ),
        ),
      ].join("\n"),
    }),
  }
}
