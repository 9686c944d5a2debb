import { createDatabase } from "../database/databases.js"
import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { check } from "./check.js"
import { type Measurement, measure } from "./measure.js"
import { medianOf } from "./medians.js"
import { type ScenarioName, scenarioNames, scenarioOf } from "./scenarios.js"
import { startServer } from "./server-process.js"
import { requestsFor } from "./visitors.js"

const WARM_UP_CONNECTIONS = 16

/** The medians over all rounds, for each number of connections. */
export type HttpResults = Record<ScenarioName, Measurement[]>

/** Measures every scenario over HTTP, one after the other, and all of them again in each round. */
export async function measureHttp(bench: Bench, plan: Plan["http"]): Promise<HttpResults> {
  const all = new Map<ScenarioName, Measurement[]>(scenarioNames.map((name) => [name, []]))
  for (let round = 1; round <= plan.rounds; round++) {
    for (const name of scenarioNames) {
      const measurements = await measureScenario(name, bench, plan)
      all.get(name)?.push(...measurements)
      const rates = measurements.map(({ rate, connections }) => `${connections}: ${Math.round(rate)}/s`)
      bench.log(`round ${round}, ${name}: by connections ${rates.join(", ")}`)
    }
  }
  const connections = plan.loads.map((load) => load.connections)
  return Object.fromEntries(
    [...all].map(([name, measurements]) => [name, connections.map((each) => medianOf(measurements, each))]),
  ) as HttpResults
}

/** In a database and a server process of its own, so that nothing that was measured before matters. */
async function measureScenario(
  name: ScenarioName,
  { postgres, load }: Bench,
  plan: Plan["http"],
): Promise<Measurement[]> {
  const scenario = scenarioOf(name)
  const database = await createDatabase(postgres, "bench", scenario.tables)
  try {
    const server = await startServer(scenario.server, database.url)
    try {
      const requests = await requestsFor(scenario, server.origin, database)
      await load.run({ url: server.origin, requests, connections: WARM_UP_CONNECTIONS, seconds: plan.warmUp })
      const measurements: Measurement[] = []
      for (const { connections, seconds } of plan.loads) {
        const subject = { load, server, database, postmaster: postgres.pid }
        const { measurement, ...seen } = await measure(subject, requests, { connections, seconds })
        await check(name, scenario, server.origin, { ...seen, connections })
        measurements.push(measurement)
      }
      return measurements
    } finally {
      await server.stop()
    }
  } finally {
    await database.close()
  }
}
