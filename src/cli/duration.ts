import { UsageError } from "./usage-error.js"

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 24 * 3600, w: 7 * 24 * 3600 }

/**
 * A duration as people type one (`30d`, `12h`, `90` seconds), in seconds.
 * @throws UsageError naming the option that it was given for
 */
export function readDuration(option: string, given: unknown): number {
  const [, count, unit = "s"] = /^(\d{1,9}(?:\.\d+)?)([smhdw])?$/.exec(String(given)) ?? []
  if (count === undefined) throw new UsageError(`${option} takes a duration: 30d, 12h, 45m, or a number of seconds.`)
  return Number(count) * (UNITS[unit] as number)
}

/** The same, or undefined where the option is not given. */
export function readOptionalDuration(option: string, given: unknown): number | undefined {
  return given === undefined ? undefined : readDuration(option, given)
}

/** A number of seconds as people read one, in its largest unit: `3 days`, `1.5 hours`. */
export function showDuration(seconds: number): string {
  const [unit, length] = NAMES.find(([, length]) => seconds >= length) ?? ["second", 1]
  const count = seconds / length
  const shown = count.toLocaleString("en", { maximumFractionDigits: count < 10 ? 1 : 0 })
  return `${shown} ${unit}${shown === "1" ? "" : "s"}`
}

const NAMES: readonly [string, number][] = [
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
]
