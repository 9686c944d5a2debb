import type { CohortStats, StatsDetails, StatsReport } from "../store/stats/types.js"
import { amount, duration, percent, wayName } from "./format.js"

/** The report with its details, which the page shows. */
export type DetailedReport = StatsReport & { details: StatsDetails }

/** A step of the funnel, of the lazy users made in the time of the report. */
interface FunnelStep {
  name: string
  users: number
  /** Of those made. */
  share: string
}

type Sum = "created" | "cameBack" | "converted" | "merged" | "purged" | "deleted" | "lazy"

/** Adds up a number of all weeks. */
export const sumOf = (cohorts: readonly CohortStats[], key: Sum): number =>
  cohorts.reduce((sum, cohort) => sum + cohort[key], 0)

/** Returns the steps from being made to the end. */
export function funnelOf({ details: { cohorts } }: DetailedReport): FunnelStep[] {
  const made = sumOf(cohorts, "created")
  const step = (name: string, key: Sum): FunnelStep => {
    const users = sumOf(cohorts, key)
    return { name, users, share: percent(users, made) }
  }
  return [
    step("Made", "created"),
    step("Came back", "cameBack"),
    step("Converted", "converted"),
    step("Merged", "merged"),
    step("Still lazy", "lazy"),
    step("Purged", "purged"),
    step("Deleted", "deleted"),
  ]
}

/** The ways to become real, the most used first, with as many colours as there are to tell apart. */
export interface Ways {
  names: string[]
  /** A row for each week and way. */
  rows: { week: string; way: string; users: number }[]
}

/** How many ways have a colour of their own. */
const COLOURED = 5
const OTHERS = "Other ways"
const MERGED = "Merged"

/** Returns who became real by each way in each week; the least used ways are one. */
export function waysOf({ details: { weeks } }: DetailedReport): Ways {
  const totals = new Map<string, number>()
  for (const { ways } of weeks)
    for (const [way, users] of Object.entries(ways)) totals.set(way, (totals.get(way) ?? 0) + users)
  const ordered = [...totals].toSorted(([, a], [, b]) => b - a).map(([way]) => way)
  const first = ordered.length > COLOURED ? ordered.slice(0, COLOURED - 1) : ordered
  const rest = ordered.slice(first.length)
  const rows = weeks.flatMap(({ week, ways, merged }) => [
    ...first.map((way) => ({ week, way: wayName(way), users: ways[way] ?? 0 })),
    ...(rest.length > 0 ? [{ week, way: OTHERS, users: rest.reduce((sum, way) => sum + (ways[way] ?? 0), 0) }] : []),
    { week, way: MERGED, users: merged },
  ])
  return { names: [...first.map(wayName), ...(rest.length > 0 ? [OTHERS] : []), MERGED], rows }
}

/** A bar of the times that conversions took. */
interface Took {
  name: string
  users: number
}

/** Returns how many users became real after how long. */
export function timesOf({ details: { convertedWithin } }: DetailedReport): Took[] {
  const longest = convertedWithin.findLast(({ seconds }) => seconds !== null)?.seconds ?? 0
  return convertedWithin.map(({ seconds, users }) => ({
    name: seconds === null ? `${duration(longest)} or more` : `less than ${duration(seconds)}`,
    users,
  }))
}

/** A cell of the retention by cohort. */
export interface Kept {
  cohort: string
  week: number
  /** From 0 to 1. */
  share: number
}

/** Returns the share of each cohort that was there so many weeks after. */
export function retentionOf({ details: { cohorts } }: DetailedReport): Kept[] {
  return cohorts.flatMap(({ week: cohort, created, retained }) =>
    created === 0 ? [] : retained.map((users, n) => ({ cohort, week: n + 1, share: Math.min(users / created, 1) })),
  )
}

/** A reason for which lazy users are not purged. */
export interface Reason {
  name: string
  users: number
}

/** Returns why lazy users are not purged now; undefined where that can't be told. */
export function reasonsOf({ details: { heldBack } }: DetailedReport): Reason[] | undefined {
  if ("unknown" in heldBack) return undefined
  const { recent, spared, signedIn, kept, due, lookedUp, referredTo } = heldBack
  const referring = lookedUp === due ? referredTo : Math.round((due * referredTo) / Math.max(lookedUp, 1))
  return [
    { name: "Seen not long ago", users: recent },
    { name: "Spared until later", users: spared },
    { name: "Signed in still", users: signedIn },
    { name: "Kept by the app", users: kept },
    { name: "Referred to by rows", users: referring },
    { name: "Free to go", users: due - referring },
  ]
}

/** Says in one sentence how far the numbers can be trusted; undefined where all were counted. */
export function reservationOf({ sampled, exact }: StatsReport): string | undefined {
  const recorded = exact || sampled?.recorded
  const parts = [
    !recorded &&
      "There is no table of outcomes: this counts only users who still exist, and ways, merges and purges are not recorded.",
    sampled &&
      `${percent(sampled.share, 1)} of the user table was read. In 19 of 20 reports, the number of lazy users is off by at most ${amount(sampled.lazyUsers)}, that of those made by at most ${amount(sampled.created)}.`,
  ].filter((part) => part)
  return parts.length > 0 ? parts.join(" ") : undefined
}
