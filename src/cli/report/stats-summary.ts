import { styleText } from "node:util"
import type { DayStats, StatsReport, StatsSample } from "../../store/stats/types.js"
import { count, printable, showDuration, tablesLookedAt } from "./format.js"

/** Formats statistics as text, as wide as the stream, and in colour if the stream supports it. */
export function statsSummary(report: StatsReport, tables: string[], stream: NodeJS.WriteStream): string {
  return [...totals(report), "", ...table(report.days, stream), "", tablesLookedAt(tables)].join("\n")
}

const EVENTS = ["created", "converted", "merged", "purged", "deleted"] as const

function totals(report: StatsReport): string[] {
  const { lazyUsers, since, days, ways, conversionRate, timeToConvert, sampled, exact } = report
  const sum = (event: (typeof EVENTS)[number]) => count(days.reduce((total, day) => total + day[event], 0))
  const lines = [
    ["Lazy users now", `${count(lazyUsers)}${sampled ? ` ± ${count(sampled.lazyUsers)}` : ""}`],
    [`Since ${since.toISOString().slice(0, 10)}`, EVENTS.map((event) => `${sum(event)} ${event}`).join(", ")],
    ["Became real by", list(ways)],
    ["Conversion rate", conversionRate === null ? "" : `${percent(conversionRate)} of those created since then`],
    ["Time to convert", timeToConvert ? spread(timeToConvert) : ""],
  ].filter(([, value]) => value !== "")
  const width = Math.max(...lines.map(([name = ""]) => name.length))
  return [
    ...lines.map(([name = "", value]) => `${name.padEnd(width)}  ${value}`),
    ...(exact || sampled?.recorded ? [] : [NO_OUTCOMES]),
    ...(sampled ? [sampleNote(sampled)] : []),
  ]
}

const NO_OUTCOMES = "There is no table of outcomes, so this counts only the users that still exist."

function sampleNote({ share, created, conversionRate }: StatsSample): string {
  const rate = conversionRate ? `, and a rate from ${percent(conversionRate[0])} to ${percent(conversionRate[1])}` : ""
  return (
    `Read ${percent(share)} of the pages of the user table. In 19 of 20 samples, the truth is within ± of the number of ` +
    `lazy users, ± ${count(created)} created${rate}. Pass --exact to count them all.`
  )
}

const list = (ways: Record<string, number>) =>
  Object.entries(ways)
    .toSorted(([, a], [, b]) => b - a)
    .map(([way, users]) => `${printable(way)} ${count(users)}`)
    .join(", ")

const percent = (share: number) => `${(share * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`

const spread = ({ median, p90 }: { median: number; p90: number }) =>
  `${showDuration(median)} for half of them, ${showDuration(p90)} for nine in ten`

const DEFAULT_COLUMNS = 80
const NARROWEST_BAR = 8

/** Formats a line for each day, with a bar for the users created on it. */
function table(days: DayStats[], stream: NodeJS.WriteStream): string[] {
  const rows = days.map(({ day, ...counts }) => [day, ...EVENTS.map((event) => count(counts[event]))])
  const header = ["day (UTC)", ...EVENTS]
  const widths = header.map((title, cell) => Math.max(title.length, ...rows.map((row) => row[cell]?.length ?? 0)))
  const line = (cells: string[]) =>
    cells.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join("  ")
  const room = (stream.columns ?? DEFAULT_COLUMNS) - line(header).length - 3
  const bar = room < NARROWEST_BAR ? () => "" : barsOf(days, room)
  const paint = (style: "dim" | "cyan", text: string) => (text === "" ? "" : styleText(style, text, { stream }))
  return [
    paint("dim", line(header)),
    ...rows.map((cells, n) => `${line(cells)}  ${paint("cyan", bar(days[n]?.created ?? 0))}`.trimEnd()),
  ]
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

function barsOf(days: DayStats[], width: number): (created: number) => string {
  const most = Math.max(...days.map(({ created }) => created), 1)
  return (created) => {
    const eighths = created === 0 ? 0 : Math.max(1, Math.round((created / most) * width * 8))
    return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
  }
}
