import { DAY_MS } from "../users/outcomes.js"
import { MOST_WEEKS } from "./lazy-users.js"
import type { CohortRow, CountedDetails } from "./query.js"
import type { CohortStats, ConvertedWithin, StatsDetails, WeekStats } from "./types.js"

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]
const WEEK_MS = 7 * DAY_MS

/** The bounds of `convertedWithin`, in seconds. */
export const BOUNDS: readonly number[] = [
  MINUTE,
  10 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  3 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
]

/** Makes the details from what was counted: every week from the first to this one. */
export function describeDetails(
  { weeks, cohorts, within }: CountedDetails,
  since: Date,
  today: Date,
): Omit<StatsDetails, "heldBack"> {
  const mondays = everyMonday(since, today)
  return {
    weeks: mondays.map((week) => waysOf(week, weeks)),
    cohorts: mondays.map((week) => cohortOf(week, cohorts, today)),
    convertedWithin: [...BOUNDS, null].map((seconds, position): ConvertedWithin => {
      const users = within.find((each) => each.position === position)?.users ?? 0
      return { seconds, users }
    }),
  }
}

function everyMonday(since: Date, today: Date): string[] {
  // In UTC, 1970-01-05 was a Monday.
  const first = Math.floor((since.valueOf() - 4 * DAY_MS) / WEEK_MS) * WEEK_MS + 4 * DAY_MS
  const mondays: string[] = []
  for (let monday = first; monday <= today.valueOf(); monday += WEEK_MS)
    mondays.push(new Date(monday).toISOString().slice(0, 10))
  return mondays
}

function waysOf(week: string, all: CountedDetails["weeks"]): WeekStats {
  const ofWeek = all.filter((each) => each.week === week)
  const converted = ofWeek.filter(({ outcome }) => outcome === "converted")
  return {
    week,
    merged: ofWeek.find(({ outcome }) => outcome === "merged")?.users ?? 0,
    ways: Object.fromEntries(converted.map(({ way, users }) => [way ?? "", users])),
  }
}

function cohortOf(week: string, all: CohortRow[], today: Date): CohortStats {
  const rows = all.filter((row) => row.week === week)
  const sum = (fits: (row: CohortRow) => boolean) => rows.filter(fits).reduce((total, { users }) => total + users, 0)
  const by = (outcome: CohortRow["outcome"]) => sum((row) => row.outcome === outcome)
  const [converted, merged] = [by("converted"), by("merged")]
  // The last of the week were made on its Sunday.
  const age = Math.floor((today.valueOf() - new Date(week).valueOf() - 6 * DAY_MS) / WEEK_MS)
  const weeks = Array.from({ length: Math.min(Math.max(age, 0), MOST_WEEKS) }, (_, n) => n + 1)
  return {
    week,
    created: sum(() => true),
    cameBack: sum(({ returned, later }) => returned !== null || later),
    converted,
    merged,
    purged: by("purged"),
    deleted: by("deleted"),
    lazy: by("lazy"),
    retained: weeks.map((after) => converted + merged + sum(({ returned }) => (returned ?? 0) >= after)),
  }
}
