/** Formats a number of users: `12,345`. */
export const amount = (users: number): string => Math.round(users).toLocaleString("en")

/** Formats a share: `12.3 %`; a dash where there is nothing to divide by. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "–"
  return `${((part / whole) * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`
}

/** Formats the Monday of a week in few letters: `Nov 2`. */
export function shortDay(day: string): string {
  return new Date(day).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" })
}

const UNITS: readonly [string, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
]

/** Formats seconds in their largest unit: `3 days`. */
export function duration(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1]
  const shown = (seconds / length).toLocaleString("en", { maximumFractionDigits: seconds < length * 10 ? 1 : 0 })
  return `${shown} ${unit}${shown === "1" ? "" : "s"}`
}

/** Names a way to become real, as people know it. */
export function wayName(way: string): string {
  if (way === "") return "not recorded"
  // The id of a provider is the app's own.
  return ({ password: "Password", email: "E-mail link", passkey: "Passkey" } as Record<string, string>)[way] ?? way
}
