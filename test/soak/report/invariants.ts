import type { Fault } from "../faults/schedule.js"
import type { ForgottenUsers } from "../load/forgotten-users.js"
import type { Ledger } from "../load/ledger.js"
import type { Probe } from "../load/probe.js"
import type { VitalsWatch } from "../load/vitals.js"
import type { Vitals } from "../servers/node-processes.js"
import { until } from "../servers/run-program.js"
import type { Settings } from "../settings.js"
import type { World } from "../world.js"
import { judgeHeaps } from "./flat-memory.js"

/** A promise that was checked, on how many things, and where it was broken. */
export interface Checked {
  promise: string
  checked: number
  broken: string[]
  /** Whether it depends on how fast the machine is, which a short run only reports. */
  isTimed?: boolean
}

/** What a run leaves behind to check. */
export interface Evidence {
  world: World
  ledger: Ledger
  probe: Probe
  forgotten: ForgottenUsers
  vitals: VitalsWatch
  faults: Fault[]
  driver: Settings["driver"]
}

/** Sign-ins have to go on this soon after a fault, in milliseconds. */
const RECOVERY = 5000

/** Holds the database against what the visitors were told. */
export async function checkInvariants(evidence: Evidence): Promise<Checked[]> {
  await waitForPurges(evidence)
  return [
    await checkRows(evidence),
    await checkUsers(evidence),
    await checkOwners(evidence),
    await checkEnded(evidence),
    await checkAlive(evidence),
    await checkPurged(evidence),
    checkAnswers(evidence),
    checkRecovery(evidence),
    checkMemory(evidence),
    await checkPools(evidence),
    checkProcesses(evidence),
  ]
}

const first = (list: string[]) => list.slice(0, 10)

async function checkRows({ world, ledger }: Evidence): Promise<Checked> {
  const there = new Map<string, string>()
  for (const table of ["note", "mark"])
    for (const { id, userId } of await world.cluster.query<{ id: string; userId: string }>(
      `select id::text, "userId" from ${table}`,
    ))
      there.set(`${table} ${id}`, userId)
  const kept = ledger.rows.filter(({ writer }) => ledger.ownerOf(ledger.writers.get(writer)) !== undefined)
  const lost = kept.filter(({ id, table }) => !there.has(`${table} ${id}`))
  return {
    promise: "no acknowledged write is lost",
    checked: kept.length,
    broken: first(lost.map(({ id, table, writer }) => `${table} ${id} of ${ledger.writers.get(writer)}`)),
  }
}

async function checkUsers({ world, ledger }: Evidence): Promise<Checked> {
  const users = await world.cluster.query<{ id: string; username: string | null }>(
    `select id, username from "user" where id not like 'dead-%' and id not like 'idle-%'`,
  )
  const names = new Map<string, number>()
  for (const { username } of users) if (username) names.set(username, (names.get(username) ?? 0) + 1)
  const twice = [...names].filter(([, count]) => count > 1).map(([name]) => `${name} is there twice`)
  const unknown = users.filter(({ id }) => !ledger.users.has(id))
  const tooMany =
    unknown.length > ledger.abandoned ? [`${unknown.length} users are nobody's, of ${ledger.abandoned}`] : []
  const ids = new Set(users.map(({ id }) => id))
  const left = [...ledger.users].filter(([id, fate]) => fate.kind === "merged" && ids.has(id))
  return {
    promise: "no user is there twice, and no more are nobody's than first visits got no answer, or a 503 for good",
    checked: users.length,
    broken: first([...twice, ...tooMany, ...left.map(([id]) => `${id} was merged, and is there`)]),
  }
}

async function checkOwners({ world, ledger }: Evidence): Promise<Checked> {
  const rows = await world.cluster.query<{ writer: string; userId: string }>(
    `select writer, "userId" from note where writer <> 'nobody' union all select writer, "userId" from mark`,
  )
  const wrong = rows.filter(({ writer, userId }) => {
    const owner = ledger.ownerOf(ledger.writers.get(writer))
    return owner !== undefined && owner !== userId
  })
  return {
    promise: "no row has a wrong owner",
    checked: rows.length,
    broken: first(wrong.map(({ writer, userId }) => `a row of ${ledger.writers.get(writer)} is ${userId}'s`)),
  }
}

async function checkEnded({ world, ledger }: Evidence): Promise<Checked> {
  const alive = new Set(
    (await world.cluster.query<{ token: string }>(`select "sessionToken" as token from session`)).map(
      ({ token }) => token,
    ),
  )
  const broken = ledger.endedTokens.filter((token) => alive.has(token)).map(() => "a session that was ended is there")
  return { promise: "no session is alive that was ended", checked: ledger.endedTokens.length, broken: first(broken) }
}

async function checkAlive({ world, ledger, forgotten }: Evidence): Promise<Checked> {
  const sessions = new Map(
    (
      await world.cluster.query<{ token: string; userId: string }>(
        `select s."sessionToken" as token, s."userId" from session s join "user" u on u.id = s."userId"`,
      )
    ).map(({ token, userId }) => [token, userId]),
  )
  const held = [...ledger.held.values()]
  const lost = held.filter(({ token, userId }) => sessions.get(token) !== userId)
  const [idle] = await world.cluster.query<{ n: number }>(
    `select count(*)::int as n from "user" where id like 'idle-%'`,
  )
  const purged = forgotten.idle - (idle?.n ?? 0)
  return {
    promise: "no lazy user is purged and no session is lost that was alive",
    checked: held.length + forgotten.idle,
    broken: first([
      ...lost.map(({ userId }) => `the session of ${userId} is gone`),
      ...(purged > 0 ? [`${purged} users with a live session were purged`] : []),
    ]),
  }
}

async function waitForPurges({ world }: Evidence): Promise<void> {
  const dead = `select count(*)::int as n from "user" where id like 'dead-%'`
  const isDone = async () => (await world.cluster.query<{ n: number }>(dead))[0]?.n === 0
  await until("the purges have finished", isDone, 20_000).catch(() => {})
}

async function checkPurged({ world, forgotten }: Evidence): Promise<Checked> {
  const [row] = await world.cluster.query<{ n: number }>(`select count(*)::int as n from "user" where id like 'dead-%'`)
  const failures = world.purgers.reduce((sum, { counts }) => sum + counts.failures, 0)
  return {
    promise: "every dead lazy user is purged",
    checked: forgotten.dead,
    broken: [
      ...(row?.n ? [`${row.n} of them are there`] : []),
      ...(failures > 0 ? [`${failures} could not be deleted`] : []),
    ],
  }
}

function checkAnswers({ ledger }: Evidence): Checked {
  const promise =
    "a failure is a 503 with Retry-After, or of the app's own INSERT, and keeps the session; every visitor stays the same user"
  return { promise, checked: ledger.requests, broken: first(ledger.broken) }
}

function checkRecovery({ faults, probe }: Evidence): Checked {
  const { usual } = probe
  const late = faults.flatMap(({ name, over }) => {
    const recovery = probe.recoveryAfter(over)
    // Of a sign-in that goes on, the end is seen.
    return recovery === undefined || recovery > RECOVERY + usual ? [`${name}: ${recovery ?? "never"} ms`] : []
  })
  const promise = "sign-ins go on within 5 s of each fault and the time that a sign-in takes"
  return { promise, checked: faults.length, broken: first(late), isTimed: true }
}

function checkMemory({ vitals }: Evidence): Checked {
  const { judged, growing } = judgeHeaps(vitals.samples)
  return { promise: "the heap of each process stays flat", checked: judged, broken: growing }
}

/** Looks for connections that nothing gives back, once no request is left. */
async function checkPools({ world }: Evidence): Promise<Checked> {
  let last: Vitals[] = []
  const isHeld = ({ pool }: Vitals) => pool !== undefined && pool.held > 0
  const areFree = async () => {
    last = await Promise.all(world.apps.map((app) => app.vitals()))
    return !last.some(isHeld)
  }
  await until("all connections are given back", areFree, 20_000).catch(() => {})
  return {
    promise: "no process holds a connection of its pool when nothing runs",
    checked: last.filter(({ pool }) => pool !== undefined).length,
    broken: last.filter(isHeld).map(({ pid, pool }) => `process ${pid} holds ${pool?.held} of ${pool?.open}`),
  }
}

/** Looks for processes that ended by themselves, which postgres.js can make them do. */
function checkProcesses({ world, driver }: Evidence): Checked {
  const processes = [...world.apps, ...world.purgers]
  const crashed = processes.filter(({ crashes }) => crashes > 0)
  const promise = "no process of the app or of a purge ends by itself"
  if (driver === "postgres") return { promise: `${promise} (not promised with postgres.js)`, checked: 0, broken: [] }
  return {
    promise,
    checked: processes.length,
    broken: crashed.map(({ crashes }) => `a process ended by itself, ${crashes} times`),
  }
}
