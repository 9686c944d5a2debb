import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import { sqlState } from "../sql/sql-state.js"
import type { Tables } from "../tables/resolve-tables.js"
import { refuseOtherUsers } from "../users/other-users.js"
import { DAY_MS } from "../users/outcomes.js"
import { BOUNDS, describeDetails } from "./details.js"
import { readHeldBack } from "./held-back.js"
import { SAMPLE, type SampleRule } from "./lazy-users.js"
import { marginsOf } from "./margins.js"
import { type Counted, countStatement, type Wanted } from "./query.js"
import type { DayStats, StatsOptions, StatsReport } from "./types.js"

const DEFAULT_DAYS = 30
const MAX_YEARS = 10

/**
 * Implements `LazyStore.stats`, by one statement that returns at most a row for each day and each
 * way. The details of the purge are statements of their own.
 * @param sample decides which user tables are sampled
 */
export async function readStats(
  db: Database,
  tables: Tables,
  options: StatsOptions = {},
  sample: SampleRule = SAMPLE,
): Promise<StatsReport> {
  const today = startOfDay(new Date())
  const since = startOfDay(options.since ?? new Date(today.valueOf() - DEFAULT_DAYS * DAY_MS))
  checkSince(since, today)
  const bounds = options.details ? BOUNDS : undefined
  const counted = await count(db, tables, { since, bounds, rule: options.exact ? undefined : sample })
  const { lazyUsers, created, becameReal, ways, timeToConvert } = counted
  if (lazyUsers === 0 && counted.days.length === 0 && !options.beside) await refuseOtherUsers(db, tables, "stats")
  const days = everyDay(since, today, counted.days)
  const recorded = tables.lazyOutcomesTable !== undefined
  const sampled = marginsOf(counted, days, recorded)
  return {
    lazyUsers,
    since,
    days,
    ways,
    conversionRate: created === 0 ? null : becameReal / created,
    timeToConvert,
    exact: recorded && !sampled,
    ...(sampled && { sampled }),
    ...(counted.details && {
      details: {
        ...describeDetails(counted.details, since, today),
        heldBack: await readHeldBack(db, tables, lazyUsers, options.purge),
      },
    }),
  }
}

/** Classes of SQLSTATE with which a database refuses the statement itself: features, syntax, rights. */
const REFUSED = /^(0A|42)/

/** Counts, and reads every user after all where the table or the database can't be sampled. */
async function count(db: Database, tables: Tables, wanted: Wanted): Promise<Counted> {
  try {
    return await queryDocument<Counted>(db, countStatement(tables, wanted))
  } catch (error) {
    if (!wanted.rule || !REFUSED.test(sqlState(error) ?? "")) throw error
    return queryDocument<Counted>(db, countStatement(tables, { ...wanted, rule: undefined }))
  }
}

function startOfDay(moment: Date): Date {
  return new Date(Math.floor(moment.valueOf() / DAY_MS) * DAY_MS)
}

function checkSince(since: Date, today: Date): void {
  const earliest = new Date(today)
  earliest.setUTCFullYear(today.getUTCFullYear() - MAX_YEARS)
  // An invalid date fails this comparison, too.
  if (since >= earliest && since <= today) return
  throw new LazySetupError(`stats: \`since\` must be a date from the last ${MAX_YEARS} years, not after today.`)
}

function everyDay(first: Date, last: Date, known: DayStats[]): DayStats[] {
  const byDay = new Map(known.map((stats) => [stats.day, stats]))
  const days: DayStats[] = []
  for (let moment = first.valueOf(); moment <= last.valueOf(); moment += DAY_MS) {
    const day = dayOf(new Date(moment))
    days.push(byDay.get(day) ?? { day, created: 0, converted: 0, merged: 0, purged: 0, deleted: 0 })
  }
  return days
}

const dayOf = (moment: Date) => moment.toISOString().slice(0, 10)
