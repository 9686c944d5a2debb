import type { CAC } from "cac"
import { DONE, LEFT } from "./exit-codes.js"
import { lookAtApp } from "./init/look/app.js"
import { planFor } from "./init/plan/plan.js"
import { type InitReport, makeReport } from "./init/report.js"
import { refuseLinkedVariables, writeFiles, writeSecret } from "./init/write.js"
import { type GivenOptions, readFlag, readText } from "./options.js"
import { initSummary } from "./report/init-summary.js"
import type { Surroundings } from "./surroundings.js"

/** Adds the command `init`. */
export function addInit(cli: CAC, surroundings: Surroundings): void {
  cli
    .command("init", "Look at the app in this folder, and print what it lacks for lazy users")
    .option("--write", "Write the files that are missing, and a secret; never change a file that is there")
    .option("--framework <name>", "next, express, hono or sveltekit, where package.json has several")
    .option("--json", "Print the report as JSON")
    .example("  $ authjs-lazy init")
    .example("  $ authjs-lazy init --write")
    .action((options: GivenOptions) => runInit(options, surroundings))
}

async function runInit(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const { cwd, env } = surroundings
  const json = readFlag("--json", options.json)
  const write = readFlag("--write", options.write)
  const framework = readText("--framework", options.framework, "name")
  const app = await lookAtApp(cwd, { framework, env })
  const plan = planFor(app)
  const ready = write ? plan.files.filter(({ waitsFor }) => waitsFor.length === 0) : []
  const wantsSecret = write && plan.secret
  if (wantsSecret) await refuseLinkedVariables(cwd, app.environment.file)
  await writeFiles(cwd, ready)
  const hasNewSecret = wantsSecret && (await writeSecret(cwd, app.environment.file))
  const report = makeReport(app, plan, { written: ready, hasNewSecret })
  surroundings.print(json ? JSON.stringify(report) : initSummary(report))
  return isComplete(report) ? DONE : LEFT
}

const isComplete = ({ files, edits, secret }: InitReport) =>
  edits.length === 0 && secret !== "missing" && files.every(({ state }) => state === "written")
