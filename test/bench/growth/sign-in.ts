import { type BenchDatabase, createDatabase } from "../database/databases.js"
import { check } from "../http/check.js"
import { measure } from "../http/measure.js"
import { median } from "../http/medians.js"
import { scenarioOf, unknownVisitors } from "../http/scenarios.js"
import { startServer } from "../http/server-process.js"
import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { fillWithUsers } from "./fill.js"

const SCENARIO = "gate, first visit, database"
const CONNECTIONS = 16

/** First visits a second, by how many users there were before. */
export type SignInGrowth = { users: number; rate: number }[]

/** Measures first visits with few and with many users in the table, in turn. */
export async function measureSignInGrowth(bench: Bench, plan: Plan["growth"]["signIn"]): Promise<SignInGrowth> {
  const databases: { users: number; database: BenchDatabase; rates: number[] }[] = []
  try {
    for (const users of plan.users) {
      const database = await createDatabase(bench.postgres, `users_${users}`, "Auth.js")
      databases.push({ users, database, rates: [] })
      await fillWithUsers(database.admin, users)
      bench.log(`sign-in: ${users} users written`)
    }
    for (let round = 1; round <= plan.rounds; round++)
      for (const { users, database, rates } of databases) {
        const rate = await firstVisits(bench, database, plan)
        rates.push(rate)
        bench.log(`sign-in, round ${round}: ${users} users: ${Math.round(rate)}/s`)
      }
  } finally {
    for (const { database } of databases) await database.close()
  }
  return databases.map(({ users, rates }) => ({ users, rate: median(rates) }))
}

async function firstVisits(
  { load, postgres }: Bench,
  database: BenchDatabase,
  { warmUp, seconds }: Plan["growth"]["signIn"],
): Promise<number> {
  const scenario = scenarioOf(SCENARIO)
  const server = await startServer(scenario.server, database.url)
  try {
    const requests = unknownVisitors(scenario)
    await load.run({ url: server.origin, requests, connections: CONNECTIONS, seconds: warmUp })
    const subject = { load, server, database, postmaster: postgres.pid }
    const { measurement, ...seen } = await measure(subject, requests, { connections: CONNECTIONS, seconds })
    await check(SCENARIO, scenario, server.origin, { ...seen, connections: CONNECTIONS })
    return measurement.rate
  } finally {
    await server.stop()
  }
}
