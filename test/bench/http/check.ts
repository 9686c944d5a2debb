import type { LoadResult } from "../load/load.js"
import type { Counted } from "./measure.js"
import type { Scenario } from "./scenarios.js"
import { cookieHeader, whoIs } from "./visitors.js"

/**
 * Checks the result of a measurement: every request succeeded, exactly the expected rows exist, and
 * each session belongs to its own user.
 * @throws Error naming what is wrong
 */
export async function check(
  name: string,
  scenario: Scenario,
  origin: string,
  { load, counted, connections }: { load: LoadResult; counted: Counted; connections: number },
): Promise<void> {
  const { succeeded, failed, users, sessions } = counted
  const insist = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`${name}: ${what}`)
  }
  insist(load.errors === 0 && failed === 0, `${load.errors} errors seen by the load, ${failed} by the server`)
  // The load goes without the last answer on each connection.
  const missed = succeeded - load.succeeded
  insist(missed >= 0 && missed <= connections, `${succeeded} answers were sent, ${load.succeeded} arrived`)
  insist(users === succeeded * scenario.writes.users, `${succeeded} answers, but ${users} users written`)
  insist(sessions === succeeded * scenario.writes.sessions, `${succeeded} answers, but ${sessions} sessions written`)

  const { session } = scenario
  if (!session) return
  insist(load.cookies.length > 0, "no session was given out")
  const owners = await Promise.all(load.cookies.map((cookies) => whoIs(cookieHeader(cookies), session, origin)))
  insist(!owners.includes(undefined), "a session that was given out is none")
  insist(new Set(owners).size === owners.length, "two visitors have the same user")
}
