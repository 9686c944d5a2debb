import type { PurgeOptions } from "../purge/types.js"
import type { ByTable } from "../sql/by-table.js"

/**
 * Options of {@link LazyStore.stats}.
 * @example
 * await adapter.lazy.stats({ since: new Date("2026-01-01") })
 */
export interface StatsOptions {
  /**
   * The first day to report, as any moment of that day in UTC.
   * @default 30 days ago
   */
  since?: Date
  /**
   * Whether to read every lazy user, however many there are. Without it, a user table of more than
   * 20,000 pages (160 MB) is sampled, and the report says by how much its numbers may be off.
   * @default false
   */
  exact?: boolean
  /**
   * Whether to report `details` too: ways by week, cohorts, the times of conversions, and who is held
   * back from the purge. A few statements more.
   * @default false
   */
  details?: boolean
  /**
   * The options of the app's purge, by which `details` tell who is held back from it.
   * @default the options that `purge()` has by itself
   * @example purge: { keep: (user) => isNotNull(user.email) }
   */
  purge?: Pick<PurgeOptions, "olderThan" | "sessionMaxAge" | "force" | "keep" | "cascade">
  /**
   * Whether lazy users in other tables of the database belong to another app. Without it, empty
   * statistics are refused where this user table never had a lazy user and another one has some.
   * @default false
   */
  beside?: boolean
}

/** The events of one day, in UTC. */
export interface DayStats {
  /** `YYYY-MM-DD`. */
  day: string
  /** How many lazy users were made. */
  created: number
  /** How many became real. */
  converted: number
  /** How many were merged into a real user. */
  merged: number
  /** How many were purged. */
  purged: number
  /** How many were deleted in other ways: at sign-out, or by `deleteLazyUser`. */
  deleted: number
}

/** The report of {@link LazyStore.stats}. */
export interface StatsReport {
  /** How many lazy users there are now. */
  lazyUsers: number
  /** The first of `days`. */
  since: Date
  /** Each day from `since` to today, including days without events. */
  days: DayStats[]
  /**
   * How many users became real since then, by way: `password`, `email`, `passkey`, or the id of a
   * provider.
   */
  ways: Record<string, number>
  /**
   * The share (0 to 1) of lazy users made since then that have become real or were merged; null
   * when none was made.
   */
  conversionRate: number | null
  /**
   * How long users who became real since then had been lazy, in seconds; null when there are none.
   */
  timeToConvert: { median: number; p90: number } | null
  /**
   * Whether all of this was recorded as it happened, and every lazy user was counted. Without a
   * `lazyOutcomesTable` it is false: `created` and `converted` then count users who still exist,
   * `ways` is empty, and `merged`, `purged` and `deleted` are 0.
   */
  exact: boolean
  /** How far numbers may be off because only a part of the user table was read. */
  sampled?: StatsSample
  /** The details that the option asked for. */
  details?: StatsDetails
}

/**
 * The part of the user table that was read. In 19 of 20 reports, a number is off by its margin at
 * most.
 */
export interface StatsSample {
  /** The share (0 to 1) of the pages of the user table that was read. */
  share: number
  /** Whether there is a table of outcomes: only lazy users are estimated then. */
  recorded: boolean
  /** The margin of `lazyUsers`. */
  lazyUsers: number
  /** The margin of the sum of `created` over all days. */
  created: number
  /** The margin of the sum of `converted`: 0 where outcomes are recorded. */
  converted: number
  /** The margin of `created`, for each of `days`. */
  days: number[]
  /** The lowest and the highest `conversionRate` that these margins allow; null without one. */
  conversionRate: [number, number] | null
}

/** The details of {@link StatsReport}. Weeks begin on Monday, in UTC. */
export interface StatsDetails {
  /** How many became real in each week since the first day, by way. */
  weeks: WeekStats[]
  /** The lazy users made in each week since the first day, and what became of them. */
  cohorts: CohortStats[]
  /** How long users who became real since the first day had been lazy, from short to long. */
  convertedWithin: ConvertedWithin[]
  /** Who is held back from the purge; `unknown` says why that can't be told. */
  heldBack: HeldBackStats | { unknown: string }
}

/** The users who became real in one week. */
export interface WeekStats {
  /** The Monday, as `YYYY-MM-DD`. */
  week: string
  /** How many were merged into a real user. */
  merged: number
  /** How many were converted, by way; under `""` those whose way is not known. */
  ways: Record<string, number>
}

/** The lazy users who were made in one week. */
export interface CohortStats {
  /** The Monday, as `YYYY-MM-DD`. */
  week: string
  /** How many were made. */
  created: number
  /**
   * How many were there again a day or more after they were made: still lazy and seen, converted or
   * merged. Not recorded for users who were purged or deleted.
   */
  cameBack: number
  /** How many converted. */
  converted: number
  /** How many were merged into a real user. */
  merged: number
  /** How many the purge deleted. */
  purged: number
  /** How many the app deleted. */
  deleted: number
  /** How many are lazy still. */
  lazy: number
  /**
   * How many were seen so many weeks or more after they were made, or are real by now: one week
   * first, for each week that has passed for all of them, at most 12.
   */
  retained: number[]
}

/** How many users became real after so long. */
export interface ConvertedWithin {
  /** Less than so many seconds, and not less than those before; null for the longest times. */
  seconds: number | null
  /** How many users. */
  users: number
}

/** Why lazy users are not purged now. */
export interface HeldBackStats {
  /** Users seen since this moment may still come back. */
  before: Date
  /** How many lazy users were seen since then, or made since then and never seen. */
  recent: number
  /** How many a failed merge or `adopt` spares until later; they are not in `recent`. */
  spared: number
  /** How many are old enough but have a live session. */
  signedIn: number
  /** How many are old enough but `keep` keeps them. */
  kept: number
  /** How many the next purge looks at, including those whom rows hold back. */
  due: number
  /** Whether there are more than were looked at: `signedIn`, `kept` and `due` count the first. */
  more: boolean
  /** How many of those that are due were looked up for rows that hold them back. */
  lookedUp: number
  /** How many of these are held back. */
  referredTo: number
  /** How many of these are held back by rows of each table. */
  tables: ByTable<number>
}
