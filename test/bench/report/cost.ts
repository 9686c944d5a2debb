import type { Measurement } from "../http/measure.js"
import type { ScenarioName } from "../http/scenarios.js"
import type { HttpResults } from "../http/section.js"
import { drawBars, type Group } from "./chart.js"
import { TARGET_CONNECTIONS } from "./targets.js"

/** A bar shows the fastest of its rows. */
type Bar = [label: string, rows: readonly ScenarioName[]]

const OWN = "authjs-lazy"
const CHART: { title: string; bars: Bar[] }[] = [
  {
    title: "First visits a second (each inserts a user)",
    bars: [
      [OWN, ["gate, first visit, database"]],
      ["Auth.js with a hand-written provider", ["Auth.js, credentials sign-in, JWT"]],
      ["better-auth", ["better-auth, sign-in", "better-auth with Drizzle, sign-in"]],
    ],
  },
  {
    title: "Later visits a second (each reads a session)",
    bars: [
      [OWN, ["gate, returning visitor, database"]],
      ["Auth.js", ["Auth.js, session read, database"]],
      ["better-auth", ["better-auth, session read", "better-auth with Drizzle, session read"]],
    ],
  },
]

/** Returns the chart at the head of the page with what it says in words; undefined where a row of it is missing. */
export function costChart(http: HttpResults): { svg: string; text: string } | undefined {
  const groups: Group[] = CHART.map(({ title, bars }) => ({
    title,
    bars: bars.map(([label, rows]) => ({
      label,
      value: Math.max(...rows.map((row) => measured(http, row)?.rate ?? Number.NaN)),
      own: label === OWN,
    })),
  }))
  if (groups.some(({ bars }) => bars.some(({ value }) => Number.isNaN(value)))) return undefined
  const text = groups
    .map(({ title, bars }) => `${title}: ${bars.map(({ label, value }) => `${label} ${whole(value)}`).join(", ")}.`)
    .join(" ")
  return { svg: drawBars(text, groups), text }
}

/** Says in one sentence what the package costs; undefined where a row that it needs is missing. */
export function costSentence(http: HttpResults): string | undefined {
  const first = measured(http, "gate, first visit, database")
  const later = measured(http, "gate, returning visitor, database")
  const token = measured(http, "gate, returning visitor, JWT")
  if (!first || !later || !token) return undefined
  return (
    `A first visit costs ${statements(first)} and ${milliseconds(first)} of CPU time in Node.js;\n` +
    `each later visit costs ${statements(later)} and ${milliseconds(later)}, ` +
    `or, with JWT sessions, ${statements(token)} and ${milliseconds(token)}.`
  )
}

function measured(http: HttpResults, row: ScenarioName): Measurement | undefined {
  return http[row]?.find(({ connections }) => connections === TARGET_CONNECTIONS)
}

function statements({ statements }: Measurement): string {
  const count = Math.round(statements)
  return count === 0 ? "no SQL statement" : count === 1 ? "one SQL statement" : `${count} SQL statements`
}

const milliseconds = ({ cpu }: Measurement) => `${(cpu.node / 1000).toFixed(2)} ms`
const whole = (value: number) => Math.round(value).toLocaleString("en")
