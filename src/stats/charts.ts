import type { Drawing, Drawn, Room } from "./drawing.js"
import {
  type DetailedReport,
  funnelOf,
  type Kept,
  reasonsOf,
  retentionOf,
  timesOf,
  type Ways,
  waysOf,
} from "./figures.js"
import { amount, shortDay } from "./format.js"

/** The charts of the page; without one where there is nothing to show. */
export interface Charts {
  funnel: Drawn
  ways: Drawn | undefined
  times: Drawn | undefined
  retention: Drawn | undefined
  heldBack: Drawn | undefined
}

/** Draws all charts of a report. */
export function drawCharts(drawing: Drawing, report: DetailedReport): Charts {
  const ways = waysOf(report)
  const times = timesOf(report)
  const retention = retentionOf(report)
  const reasons = reasonsOf(report)
  return {
    funnel: bars(drawing, "What became of the lazy users that were made", funnelOf(report)),
    ways: ways.rows.some(({ users }) => users > 0) ? stacked(drawing, ways) : undefined,
    times: times.some(({ users }) => users > 0)
      ? bars(drawing, "How long users had been lazy when they converted", times)
      : undefined,
    retention: retention.length > 0 ? cells(drawing, retention) : undefined,
    heldBack: reasons?.some(({ users }) => users > 0)
      ? bars(drawing, "Why lazy users are not purged", reasons)
      : undefined,
  }
}

interface Bar {
  name: string
  users: number
}

/** Draws a bar for each name, one below the other, with its number behind it. */
function bars({ plot, draw }: Drawing, label: string, rows: Bar[]): Drawn {
  const longest = Math.max(...rows.map(({ name }) => name.length))
  return draw(label, ({ narrow }) => ({
    height: 24 + rows.length * 32,
    marginTop: 4,
    marginBottom: 20,
    marginLeft: 12 + longest * 6.6,
    marginRight: 64,
    x: { axis: null, domain: [0, Math.max(1, ...rows.map(({ users }) => users))] },
    y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0, padding: narrow ? 0.3 : 0.25 },
    marks: [
      plot.barX(rows, { x: "users", y: "name", fill: "var(--chart-1)", rx: 2 }),
      plot.text(rows, { x: "users", y: "name", text: ({ users }: Bar) => amount(users), textAnchor: "start", dx: 6 }),
      plot.ruleX([0], { strokeOpacity: 0.4 }),
    ],
  }))
}

/** Draws a column for each week, with a colour for each way. */
function stacked({ plot, draw }: Drawing, { names, rows }: Ways): Drawn {
  const weeks = [...new Set(rows.map(({ week }) => week))]
  return draw("How users became real, by week", (room) => ({
    height: room.narrow ? 240 : 280,
    marginLeft: 48,
    marginBottom: 28,
    x: { label: null, type: "band", domain: weeks, ...ticks(weeks, room), tickSize: 3 },
    y: { label: null, grid: true, ticks: 5, tickFormat: "~s", nice: true },
    color: { domain: names, range: names.map((_, n) => colourOf(n, names.length)) },
    marks: [
      plot.barY(rows, { x: "week", y: "users", fill: "way", order: names, insetTop: 1 }),
      plot.ruleY([0], { strokeOpacity: 0.4 }),
    ],
  }))
}

/** Returns the colour of a way by its position; merges, which come last, are grey. */
export const colourOf = (position: number, ways: number): string =>
  position === ways - 1 ? "var(--chart-rest)" : `var(--chart-${position + 1})`

/** Draws a line of cells for each cohort, the darker the more of it are there. */
function cells({ plot, draw }: Drawing, kept: Kept[]): Drawn {
  const cohorts = [...new Set(kept.map(({ cohort }) => cohort))]
  const weeks = Array.from({ length: Math.max(...kept.map(({ week }) => week)) }, (_, n) => n + 1)
  const most = Math.max(...kept.map(({ share }) => share), 0.01)
  return draw("Share of each week's users who were there so many weeks later", ({ narrow }) => ({
    height: 44 + cohorts.length * 26,
    marginLeft: 52,
    marginTop: 24,
    marginBottom: 4,
    marginRight: 4,
    padding: 0.06,
    x: {
      axis: "top",
      label: null,
      domain: weeks,
      tickSize: 0,
      tickFormat: (week: number) => (narrow ? `${week}` : `${week} w`),
    },
    y: { label: null, domain: cohorts, tickSize: 0, tickFormat: shortDay },
    marks: [
      plot.cell(kept, {
        x: "week",
        y: "cohort",
        fill: "var(--chart-1)",
        fillOpacity: ({ share }: Kept) => 0.06 + 0.36 * (share / most),
      }),
      plot.text(kept, {
        x: "week",
        y: "cohort",
        text: ({ share }: Kept) =>
          weeks.length > 8 && narrow ? "" : `${Math.round(share * 100)}${narrow ? "" : " %"}`,
      }),
    ],
  }))
}

/** Labels only as many weeks as there is room for. */
function ticks(weeks: string[], { width }: Room) {
  const every = Math.ceil((weeks.length * 52) / (width - 60))
  return { ticks: weeks.filter((_, n) => n % every === 0), tickFormat: shortDay }
}
