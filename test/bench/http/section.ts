import { type BenchDatabase, createDatabase } from "../database/databases.js"
import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { check } from "./check.js"
import { type Measurement, measure } from "./measure.js"
import { medianOf } from "./medians.js"
import { type Scenario, type ScenarioName, scenarioNames, scenarioOf } from "./scenarios.js"
import { type RunningServer, startServer } from "./server-process.js"
import { requestsFor } from "./visitors.js"

const WARM_UP_CONNECTIONS = 16

/** The medians over all rounds, for each number of connections. */
export type HttpResults = Partial<Record<ScenarioName, Measurement[]>>

/** A server that waits for its turns, in a process and with a database of its own. */
interface Contestant {
  name: ScenarioName
  scenario: Scenario
  server: RunningServer
  database: BenchDatabase
  measurements: Measurement[]
}

/**
 * Measures every scenario over HTTP. All servers run throughout and take turns of a few seconds, so
 * that changes in the machine's other load affect them alike.
 */
export async function measureHttp(
  bench: Bench,
  plan: Plan["http"],
  names: readonly ScenarioName[] = scenarioNames,
): Promise<HttpResults> {
  const contestants: Contestant[] = []
  try {
    for (const [position, name] of names.entries()) contestants.push(await enter(name, `bench_${position}`, bench))
    for (let round = 1; round <= plan.rounds; round++) {
      for (const contestant of contestants) await takeTurn(contestant, bench, plan)
      bench.log(`round ${round} of ${plan.rounds}`)
    }
  } finally {
    for (const { server, database } of contestants) {
      await server.stop()
      await database.close()
    }
  }
  const connections = plan.loads.map((load) => load.connections)
  return Object.fromEntries(
    contestants.map(({ name, measurements }) => [name, connections.map((each) => medianOf(measurements, each))]),
  ) as HttpResults
}

async function enter(name: ScenarioName, databaseName: string, { postgres }: Bench): Promise<Contestant> {
  const scenario = scenarioOf(name)
  const database = await createDatabase(postgres, databaseName, scenario.tables)
  const server = await startServer(scenario.server, database.url)
  return { name, scenario, server, database, measurements: [] }
}

async function takeTurn(
  { name, scenario, server, database, measurements }: Contestant,
  { postgres, load }: Bench,
  { loads, warmUp }: Plan["http"],
): Promise<void> {
  const subject = { load, server, database, postmaster: postgres.pid }
  // Visitors of the round before would be asked about again: minutes have passed.
  const requests = await requestsFor(scenario, server.origin, database)
  // An idle process of Node.js forgets part of what it has compiled.
  await load.run({ url: server.origin, requests, connections: WARM_UP_CONNECTIONS, seconds: warmUp })
  for (const { connections, seconds } of loads) {
    const { measurement, ...seen } = await measure(subject, requests, { connections, seconds })
    await check(name, scenario, server.origin, { ...seen, connections })
    measurements.push(measurement)
  }
}
