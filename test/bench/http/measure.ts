import { postgresCpu } from "../database/cpu.js"
import type { BenchDatabase } from "../database/databases.js"
import type { Load, LoadResult, Requests } from "../load/load.js"
import type { RunningServer } from "./server-process.js"

/** One measurement of one server. */
export interface Measurement {
  connections: number
  /** Answers a second. */
  rate: number
  /** Milliseconds. */
  latency: { p50: number; p99: number }
  /** Microseconds of CPU for one request; undefined where it can't be read. */
  cpu: { node: number; postgres: number | undefined }
  statements: number
  errors: number
}

/** What there was to count around a measurement. */
export interface Counted {
  succeeded: number
  failed: number
  users: number
  sessions: number
}

/**
 * The parts of a measurement: load, server, database, and the parent of the database's processes.
 */
export interface Subject {
  load: Load
  server: RunningServer
  database: BenchDatabase
  postmaster: number
}

/** Sends the requests to the server for so long, and reads what that cost. */
export async function measure(
  subject: Subject,
  requests: Requests,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<{ measurement: Measurement; load: LoadResult; counted: Counted }> {
  // So that none comes due in the middle because of what was measured before.
  await subject.database.admin`checkpoint`
  const before = await read(subject)
  const load = await subject.load.run({ url: subject.server.origin, connections, seconds, requests })
  const after = await read(subject)
  const difference = (key: keyof Reading) => after[key] - before[key]
  const answered = difference("succeeded") + difference("failed")
  return {
    measurement: {
      connections,
      rate: load.rate,
      latency: load.latency,
      cpu: { node: difference("nodeCpu") / answered, postgres: finite(difference("postgresCpu") / answered) },
      statements: difference("statements") / answered,
      errors: load.errors + difference("failed"),
    },
    load,
    counted: {
      succeeded: difference("succeeded"),
      failed: difference("failed"),
      users: difference("users"),
      sessions: difference("sessions"),
    },
  }
}

interface Reading extends Counted {
  nodeCpu: number
  postgresCpu: number
  statements: number
}

async function read({ server, database, postmaster }: Subject): Promise<Reading> {
  const { cpu: nodeCpu, succeeded, failed } = await server.settled()
  const postgresBefore = (await postgresCpu(postmaster)) ?? Number.NaN
  const [rows] = await database.admin<{ users: string; sessions: string }[]>`
    select (select count(*) from "user") as users, (select count(*) from "session") as sessions`
  return {
    nodeCpu,
    postgresCpu: postgresBefore,
    succeeded,
    failed,
    users: Number(rows?.users),
    sessions: Number(rows?.sessions),
    statements: await database.statements(),
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
