import { parseArgs } from "node:util"
import { prepareServer } from "./database/databases.js"
import { startPostgres } from "./database/server.js"
import { measureGrowth } from "./growth/section.js"
import { type ScenarioName, scenarioNames } from "./http/scenarios.js"
import { measureHttp } from "./http/section.js"
import { startLoad } from "./load/load.js"
import { describeMachine } from "./machine.js"
import { measurePipelining } from "./pipelining/section.js"
import { writeDocuments } from "./report/document.js"
import { tablesOf } from "./report/tables.js"
import { type Results, readResults, writeResults } from "./results.js"
import { measureScale } from "./scale/section.js"
import { type Bench, SECTIONS, type Section } from "./section.js"
import { fullPlan, quickPlan } from "./settings.js"

/** Without the one that fills 15 GB, which is measured only where it is asked for. */
const ORDINARY = SECTIONS.filter((section) => section !== "scale")

const HELP = `npm run bench -- [options]
  --quick         finish within two minutes; the documentation stays as it is
  --only SECTION  ${SECTIONS.join(", ")}; may be given several times
                  (scale, with 15 GB of users, only by this option)
  --users N       the users of the section scale, beside 10,000
  --row NAME      only this row of the section http, of those that --list names; may be given several
                  times, and only prints the figures
  --list          only say what is measured
To write the pages from the figures of the last full run, without measuring: npm run bench:render`

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [...ORDINARY] },
    row: { type: "string", multiple: true, default: [] },
    users: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})
const sections = SECTIONS.filter((section) => options.only.includes(section))
const rows = scenarioNames.filter((name) => options.row.includes(name))
const unknown = [
  ...options.only.filter((section) => !sections.includes(section as Section)),
  ...options.row.filter((name) => !rows.includes(name as ScenarioName)),
]

if (options.help || unknown.length > 0) console.log(HELP)
else if (options.list)
  console.log([...scenarioNames, "growth: sign-in, purge, merge, tenants, memory", "pipelining", "scale"].join("\n"))
else await run()

async function run(): Promise<void> {
  const found = await measureAll()
  if (rows.length > 0) return print(found)
  const { scale, ...others } = found
  if (scale && !options.quick) await writeResults("scale", { machine: found.machine, scale })
  if (sections.every((section) => section === "scale")) console.log(JSON.stringify(scale, undefined, 2))
  else {
    const name = options.quick ? "quick" : "latest"
    // What was not measured now stays as it was measured last.
    await writeResults(name, { ...(await readResults(name)), ...others })
    print(found)
  }
  if (!options.quick) await writeDocuments()
}

function print(found: Results): void {
  const scope = rows.length > 0 ? { sections: ["http"] as const, rows } : { sections, rows: scenarioNames }
  for (const [table, text] of Object.entries(tablesOf(found, scope))) console.log(`\n${table}\n${text}`)
}

async function measureAll(): Promise<Results> {
  const plan = options.quick ? quickPlan : fullPlan
  const start = Date.now()
  const postgres = await startPostgres()
  const load = startLoad()
  const log = (line: string) => console.log(`${String(Math.round((Date.now() - start) / 1000)).padStart(5)} s  ${line}`)
  const bench: Bench = { postgres, load, log }
  const measurers: { [Name in Section]: () => Promise<NonNullable<Results[Name]>> } = {
    http: () => measureHttp(bench, plan.http, rows.length > 0 ? rows : undefined),
    growth: () => measureGrowth(bench, plan.growth),
    pipelining: () => measurePipelining(bench, plan.pipelining),
    scale: () =>
      measureScale(bench, options.users ? { ...plan.scale, users: [10_000, Number(options.users)] } : plan.scale),
  }
  try {
    const results: Results = { machine: await describeMachine(await prepareServer(postgres)) }
    for (const section of rows.length > 0 ? (["http"] as const) : sections)
      Object.assign(results, { [section]: await measurers[section]() })
    return results
  } finally {
    await load.stop()
    await postgres.stop()
  }
}
