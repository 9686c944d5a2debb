import { createDatabase, prepareServer } from "../database/databases.js"
import { startPostgres } from "../database/server.js"
import { type ScenarioName, scenarioNames, scenarioOf } from "../http/scenarios.js"
import { startServer } from "../http/server-process.js"
import { requestsFor } from "../http/visitors.js"
import { startLoad } from "../load/load.js"
import { markdownTable } from "../report/table.js"
import { type CpuProfile, type SelfTime, selfTimes } from "./self-times.js"

const WARM_UP = 4
const SECONDS = 10
const CONNECTIONS = 16
const LINES = 30

const names = process.argv.slice(2)
const unknown = names.filter((name) => !scenarioNames.includes(name as ScenarioName))
if (names.length === 0 || unknown.length > 0)
  console.log(`What shall be profiled? One of:\n${scenarioNames.join("\n")}`)
else for (const name of names as ScenarioName[]) await profile(name)

/** Shows where the time of a server goes: the functions that take most of it themselves. */
async function profile(name: ScenarioName): Promise<void> {
  const scenario = scenarioOf(name)
  const postgres = await startPostgres()
  const load = startLoad()
  try {
    await prepareServer(postgres)
    const database = await createDatabase(postgres, "bench", scenario.tables)
    const server = await startServer(scenario.server, database.url)
    const requests = await requestsFor(scenario, server.origin, database)
    const job = { url: server.origin, connections: CONNECTIONS, requests }
    await load.run({ ...job, seconds: WARM_UP })
    await server.ask("start profile")
    const { rate } = await load.run({ ...job, seconds: SECONDS })
    print(name, rate, await server.ask("stop profile"))
    await server.stop()
    await database.close()
  } finally {
    await load.stop()
    await postgres.stop()
  }
}

function print(name: string, rate: number, profile: CpuProfile): void {
  const { busy, packages, ownFiles, functions } = selfTimes(profile)
  const requests = rate * SECONDS
  const rows = (times: SelfTime[]) =>
    times
      .slice(0, LINES)
      .map(({ name, took }) => [name, (took / requests).toFixed(1), `${((took / busy) * 100).toFixed(1)} %`])
  const show = (by: string, times: SelfTime[]) =>
    console.log(markdownTable([`self time by ${by}`, "µs a request", "share"], rows(times)))
  console.log(
    `\n${name}: ${Math.round(rate)} requests/s while it was profiled, ${(busy / requests).toFixed(0)} µs each`,
  )
  show("package", packages)
  show("file of this library", ownFiles)
  show("function", functions)
}
