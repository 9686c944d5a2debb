/** Formats a number with separators: `12,345`. */
export function count(number: number): string {
  return number.toLocaleString("en")
}

/** Formats a number with its noun: `1 user`, `12,345 users`. */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`
}

/** Formats seconds in their largest unit: `3 days`, `1.5 hours`. */
export function showDuration(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1]
  const count = seconds / length
  const shown = count.toLocaleString("en", { maximumFractionDigits: count < 10 ? 1 : 0 })
  return `${shown} ${unit}${shown === "1" ? "" : "s"}`
}

const UNITS: readonly [string, number][] = [
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
]

/** Says at which tables a command looked. */
export function tablesLookedAt(tables: string[]): string {
  return `Looked at the ${tables.length === 1 ? "table" : "tables"} ${tables.map(printable).join(", ")}.`
}

/** Returns the text in one line, without the characters that control a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim()
}
