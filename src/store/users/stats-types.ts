/** See `LazyStore.stats`. */
export interface StatsOptions {
  /** The first day to tell of; whatever its time of day, the day in UTC counts. Default: 30 days ago. */
  since?: Date
}

/** What happened on one day, in UTC. */
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
  /** How many were deleted otherwise: at sign-out, or by `deleteLazyUser`. */
  deleted: number
}

/** See `LazyStore.stats`. */
export interface StatsReport {
  /** How many lazy users there are now. */
  lazyUsers: number
  /** The first of `days`. */
  since: Date
  /** Each day from `since` to today, also those on which nothing happened. */
  days: DayStats[]
  /** How many users became real since then, by the way of it: `password`, `email`, `passkey`, or the id of a provider. */
  ways: Record<string, number>
  /** Of the lazy users made since then, the share (0 to 1) that has become real or was merged; null when none was made. */
  conversionRate: number | null
  /** How long those who became real since then had been lazy, in seconds; null when nobody did. */
  timeToConvert: { median: number; p90: number } | null
  /**
   * True when all of this was recorded as it happened. False without a `lazyOutcomesTable`: then `created` and `converted` are counted off the users
   * who are still there, `ways` is empty, and `merged`, `purged` and `deleted` are 0.
   */
  exact: boolean
}
