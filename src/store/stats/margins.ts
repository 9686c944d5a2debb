import type { Counted } from "./query.js"
import type { DayStats, StatsSample } from "./types.js"

/** The standard deviations within which 19 of 20 samples are. */
const DEVIATIONS = 1.96

/**
 * Works out how far sampled numbers may be off; undefined where every page was read.
 *
 * PostgreSQL takes each page with the same chance p, whatever it holds. The sum over the pages taken,
 * divided by p, then has the variance (1 - p) / p² × the sum of the squares over these pages
 * (Horvitz and Thompson).
 */
export function marginsOf(counted: Counted, days: readonly DayStats[], recorded: boolean): StatsSample | undefined {
  const { share, squares, created, becameReal } = counted
  if (!squares) return undefined
  const margin = (squares: number) => Math.ceil((DEVIATIONS * Math.sqrt((1 - share) * squares)) / share)
  const byDay = new Map(squares.days.map(({ day, squares }) => [day, margin(squares)]))
  const off = margin(squares.created)
  const ofReal = margin(squares.converted)
  return {
    share,
    recorded,
    lazyUsers: margin(squares.lazyUsers),
    created: off,
    converted: ofReal,
    days: days.map(({ day }) => byDay.get(day) ?? 0),
    conversionRate:
      created === 0
        ? null
        : [rate(becameReal - ofReal, created + off), rate(becameReal + ofReal, Math.max(created - off, 1))],
  }
}

const rate = (real: number, made: number) => Math.min(1, Math.max(0, real / made))
