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
   * Whether all of this was recorded as it happened. Without a `lazyOutcomesTable` it is false:
   * `created` and `converted` then count users who still exist, `ways` is empty, and `merged`,
   * `purged` and `deleted` are 0.
   */
  exact: boolean
}
