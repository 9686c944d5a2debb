import { LazySetupError } from "../../errors.js"
import { endsPurge, isTransient } from "../purge/errors.js"
import { addRows } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import { readEngine } from "../sql/engine/engine.js"
import { columnName } from "../sql/identifiers.js"
import { sqlState, UNIQUE_VIOLATION } from "../sql/sql-state.js"
import type { Tables } from "../tables/resolve-tables.js"
import { checkCondition, checkCreatedAt, explained, withoutWriting } from "./check-condition.js"
import { type AdoptSearch, type Census, countGuests, countUsers, type Guest, nextGuests } from "./find-users.js"
import { findHashColumns } from "./hash-columns.js"
import { lookAround } from "./look-around.js"
import { resolveAdoptOptions } from "./options.js"
import { addRefusedGuest, readPreview, startAdoption } from "./report.js"
import { type AdoptJob, adoptBatch } from "./run-batch.js"
import type { AdoptOptions, AdoptReport } from "./types.js"

/** The number of passes through the table, for users who were locked or made meanwhile. */
const PASSES = 3
/** The number of attempts to find names that are free. */
const NAMES_TRIED = 4
/** The number of failures, with no user adopted, after which the rest would fail as well. */
const HOPELESS = 20

/** Implements `LazyStore.adopt`. */
export async function adoptGuests(db: Database, tables: Tables, options: AdoptOptions): Promise<AdoptReport> {
  const settings = resolveAdoptOptions(options, tables)
  const { users, there } = await lookAround(db, tables)
  const search: AdoptSearch = { tables, settings, there }
  await checkCondition(db, tables, settings)
  const read = <Result>(work: (tx: Database) => Promise<Result>) => explained("where", () => withoutWriting(db, work))
  const { census, hashColumns } = await read(async (tx) => ({
    census: await countUsers(tx, search),
    hashColumns: await findHashColumns(tx, search, users),
  }))
  await checkCreatedAt(db, search)
  const needsEveryone = matchesEveryone(census)
  const report = startAdoption(search, census.skipped)
  if (settings.dryRun) {
    for (const { label, rows } of hashColumns) addRows(report.hashes, label, rows)
    report.adopted = Math.min(census.guests, settings.limit)
    report.preview = await read((tx) => readPreview(tx, search, needsEveryone))
    return report
  }
  if (needsEveryone && !settings.everyone) throw tooWide(census)
  const email = users.columns.find(({ name }) => name === columnName(db, tables.usersTable.email))
  const needsEmail = tables.usersTable.email.notNull || email?.notNull === true
  const job: AdoptJob = { db, engine: await readEngine(db), search, hashColumns, needsEmail }
  await adoptInPasses(job, report, Math.min(census.guests, settings.limit))
  report.left = await read((tx) => countGuests(tx, search))
  return report
}

/** Tells whether a condition matches all users, of whom at least one can be signed in to. */
function matchesEveryone({ guests, others, reachable }: Census): boolean {
  return guests > 0 && others === 0 && reachable > 0
}

function tooWide({ guests, reachable }: Census): LazySetupError {
  return new LazySetupError(
    `adopt: \`where\` matches every user of the table, and ${reachable} of the ${guests} to adopt have a username or an address, so there are real users among them, whom the purge would delete. ` +
      "Write a condition that only your guests fulfil, and look at a dry run. If all of them are guests, pass everyone: true, or --everyone to the command. Nothing was changed.",
  )
}

async function adoptInPasses(job: AdoptJob, report: AdoptReport, total: number): Promise<void> {
  let there = total
  for (let pass = 0; pass < PASSES; pass++) {
    const before = report.adopted
    if (pass > 0) there = await countGuests(job.db, job.search)
    await adoptInOrder(job, report, { total, there })
    if (report.interrupted || report.failures > 0 || report.adopted === before) return
  }
}

/**
 * Goes through the users once, in the order of their ids. Takes as many as there were to begin with,
 * since an app may make guests as fast as they are adopted.
 */
async function adoptInOrder(
  job: AdoptJob,
  report: AdoptReport,
  { total, there }: { total: number; there: number },
): Promise<void> {
  const { search } = job
  let taken = 0
  const { batchSize, limit, signal, onProgress } = search.settings
  for (let after: string | undefined; ; ) {
    const room = Math.min(batchSize, limit - report.adopted, there - taken)
    if (room <= 0) return
    if (signal?.aborted) {
      report.interrupted = true
      return
    }
    const guests = await nextGuests(job.db, search, after, room)
    if (guests.length === 0) return
    taken += guests.length
    await adoptThese(job, report, guests)
    onProgress?.({ adopted: report.adopted, failed: report.failures, total })
    if (report.interrupted) return
    after = guests.at(-1)?.id
  }
}

/** Adopts users. Halves a batch that fails, until each user who fails is alone in it. */
async function adoptThese(job: AdoptJob, report: AdoptReport, guests: Guest[]): Promise<void> {
  const { signal } = job.search.settings
  try {
    const { adopted, hashes } = await retryTaken(() => adoptBatch(job, guests))
    report.adopted += adopted
    for (const [label, rows] of hashes) if (rows > 0) addRows(report.hashes, label, rows)
  } catch (error) {
    if (endsPurge(error, job.engine)) throw error
    const [guest] = guests
    if (guests.length === 1 && guest) {
      // Rows that another transaction has locked are left for the next run.
      if (isTransient(error)) return
      addRefusedGuest(report, guest, error)
      if (report.adopted === 0 && report.failures >= HOPELESS) throw error
      return
    }
    const middle = guests.length >> 1
    for (const half of [guests.slice(0, middle), guests.slice(middle)]) {
      if (signal?.aborted) report.interrupted = true
      else await adoptThese(job, report, half)
    }
  }
}

/** Runs a batch again, with other generated names, when one of them is taken. */
async function retryTaken<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === NAMES_TRIED || sqlState(error) !== UNIQUE_VIOLATION) throw error
    }
  }
}
