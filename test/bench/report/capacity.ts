import type { Results } from "../results.js"
import type { ScaleResults } from "../scale/section.js"
import { figure } from "./table.js"
import { TARGET_CONNECTIONS } from "./targets.js"

/** First visits a second, one for each column of the page. */
const LOADS = [1, 100, 10_000]
const DAY = 86_400
const GB = 1e9
/** The users of the purge from whose speed the workers are computed. */
const PURGED = 200_000

type Inputs = Record<string, number>

/** What so many first visits a second need, by the rows of the page. */
const NEEDS: Record<string, (v: number, from: (symbol: string) => number) => number> = {
  "cores of node": (v, from) => (v * from("node")) / 1e6 / from("busy"),
  "cores of PostgreSQL": (v, from) => (v * from("pg")) / 1e6 / from("busy"),
  connections: (v, from) => Math.max(2, (v * from("held")) / 1000 / from("busy")),
  "WAL, MB/s": (v, from) => (v * (from("wal") + from("walPurge"))) / 1e6,
  "WAL, GB a day": (v, from) => (v * (from("wal") + from("walPurge")) * DAY) / GB,
  "`max_wal_size`, GB": (v, from) => (v * (from("wal") + from("walPurge")) * 1200) / GB,
  "new rows on disk, GB a day": (v, from) => (v * DAY * (from("user") + from("session"))) / GB,
  "rows on disk in the end, GB": (v, from) => (v * DAY * from("days") * (from("user") + from("session"))) / GB,
  "lazy users in the end, millions": (v, from) => (v * DAY * from("days")) / 1e6,
  "purge workers": (v, from) => Math.ceil(v / from("purged")),
  "commands of Redis a second": (v, from) => v * from("redis"),
}

/** Writes what was measured into the inputs of the page on capacity, and computes the rest anew. */
export function fillCapacity(text: string, results: Results): string {
  const withInputs = fillTable(text, "inputs", (cells) => {
    const [symbol = "", what = "", value = "", from = ""] = cells
    const measured = measuredInputs(results)[symbol.replaceAll("`", "")]
    if (measured === undefined) return cells
    const unit = value.replace(/^[\d.,]+/, "")
    return [symbol, what, `${measured.toLocaleString("en")}${unit}`, from]
  })
  const inputs = readInputs(withInputs)
  const from = (symbol: string) => {
    const value = inputs[symbol]
    if (value === undefined) throw new Error(`docs/capacity.md has no input ${symbol}.`)
    return value
  }
  const withNeeds = fillTable(withInputs, "needs", (cells) => {
    const [what = ""] = cells
    const need = NEEDS[what]
    if (!need) throw new Error(`docs/capacity.md has a row "${what}" that nothing computes.`)
    return [what, ...LOADS.map((visits) => twoDigits(need(visits, from)))]
  })
  const { scale } = results
  return scale ? replaceTable(withNeeds, "times", timesTable(scale)) : withNeeds
}

/** What each call takes, with a column for each number of users. */
function timesTable(scale: ScaleResults): string[] {
  const cells = (row: string[]) => `| ${row.join(" | ")} |`
  return [
    `| ${scale.map(({ users }) => `| ${users.toLocaleString("en")} users, ms `).join("")}|`,
    cells(["---", ...scale.map(() => "---:")]),
    ...Object.keys(scale[0]?.milliseconds ?? {}).map((what) =>
      cells([what, ...scale.map(({ milliseconds }) => threeDigits(milliseconds[what] ?? Number.NaN))]),
    ),
  ]
}

/** Reads the inputs that a benchmark measures from its results. */
function measuredInputs({ http, growth, scale }: Results): Inputs {
  const visit = http?.["gate, first visit, database"]?.find(({ connections }) => connections === TARGET_CONNECTIONS)
  const purge = growth?.purge.find(({ users }) => users === PURGED)
  const large = scale?.at(-1)?.firstVisit
  const inputs = {
    node: visit && shown(visit.cpu.node),
    pg: visit?.cpu.postgres && shown(visit.cpu.postgres),
    wal: large?.walBytes.database,
    walPurge: large?.walBytes.purged,
    user: large?.diskBytes.user,
    session: large?.diskBytes.session,
    // From the seconds that the page on performance shows, so that a reader can divide them.
    purged: purge && Number((PURGED / shown(purge.milliseconds.purge / 1000)).toPrecision(3)),
  }
  return Object.fromEntries(Object.entries(inputs).filter((input): input is [string, number] => input[1] !== undefined))
}

/** A figure as tables show it. */
const shown = (value: number) => Number(figure(value).replaceAll(",", ""))

function readInputs(text: string): Inputs {
  const inputs: Inputs = {}
  fillTable(text, "inputs", (cells) => {
    const [symbol = "", , value = ""] = cells
    inputs[symbol.replaceAll("`", "")] = Number(/[\d.,]+/.exec(value)?.[0].replaceAll(",", ""))
    return cells
  })
  return inputs
}

/** Changes the rows of the table between two comments, without its head. */
function fillTable(text: string, name: string, change: (cells: string[]) => string[]): string {
  const [, table = ""] = placeOf(name).exec(text)?.slice(1) ?? []
  const [head = "", rule = "", ...rows] = table.trimEnd().split("\n")
  const changed = rows.map((row) => {
    const cells = row.split("|").slice(1, -1)
    return `| ${change(cells.map((cell) => cell.trim())).join(" | ")} |`
  })
  return replaceTable(text, name, [head, rule, ...changed])
}

function replaceTable(text: string, name: string, lines: string[]): string {
  return text.replace(
    placeOf(name),
    (_whole, start: string, _table, end: string) => `${start}${lines.join("\n")}\n${end}`,
  )
}

const placeOf = (name: string) => new RegExp(`(<!-- ${name} -->\\n)([\\s\\S]*?)(<!-- /${name} -->)`)

function twoDigits(value: number): string {
  const step = value >= 1000 ? 10 ** (Math.floor(Math.log10(value)) - 1) : undefined
  const rounded = step === undefined ? Number(value.toPrecision(2)) : Math.round(value / step) * step
  return rounded.toLocaleString("en", { maximumFractionDigits: 10 })
}

const threeDigits = (value: number) => Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 10 })
