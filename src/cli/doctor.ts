import type { CAC } from "cac"
import { checkStrength } from "../doctor/app/check-secrets.js"
import { environmentSecrets } from "../doctor/app/read-config.js"
import { type DoctorReport, examine } from "../doctor/doctor.js"
import { worstFirst } from "../doctor/finding.js"
import type { LazyAdapterOptions } from "../store/tables/resolve-tables.js"
import { defaultTables } from "../store/tables/schema.js"
import { DONE, LEFT } from "./exit-codes.js"
import { besideOption, type GivenOptions, readFlag, targetOptions } from "./options.js"
import { doctorSummary } from "./report/doctor-summary.js"
import type { Surroundings } from "./surroundings.js"
import { type Target, withTarget } from "./target.js"

/** Adds the command `doctor`. */
export function addDoctor(cli: CAC, surroundings: Surroundings): void {
  const command = cli
    .command("doctor", "Find problems in the database, the configuration and the installed packages")
    .option("--cascade", "Assume that you purge with --cascade, so that foreign keys without ON DELETE don't stop it")
  targetOptions(besideOption(command))
    .example("  $ authjs-lazy doctor --config auth.ts")
    .example("  $ authjs-lazy doctor --database-url postgres://localhost/app --json")
    .action((options: GivenOptions) => runDoctor(options, surroundings))
}

async function runDoctor(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const { env, cwd, stdout, print } = surroundings
  const json = readFlag("--json", options.json)
  const cascade = readFlag("--cascade", options.cascade)
  const beside = readFlag("--beside", options.beside)
  const report = await withTarget(options, surroundings, {
    command: "doctor",
    async run({ db, app, schema }) {
      const tables = tablesOf({ app, schema })
      const { auth, sessionMaxAge } = app ?? {}
      const report = await examine(
        { db, tables, auth, cwd, sessionMaxAge, cascade, beside },
        { isKnown: app !== undefined },
      )
      return app ? naming(app.file, withoutDriver(report)) : withSecrets(report, env)
    },
    failure: "The examination failed",
  })
  print(json ? JSON.stringify(report) : doctorSummary(report, stdout))
  return needsWork(report) ? LEFT : DONE
}

/** Returns the tables to examine; none for the default ones, which the doctor finds itself. */
function tablesOf({ app, schema }: Pick<Target, "app" | "schema">): LazyAdapterOptions {
  if (app) return app.tables
  return schema === undefined || schema === "public" ? {} : defaultTables(schema)
}

/** Names the file of the configuration in the commands to paste. */
function naming(file: string, { findings, ...report }: DoctorReport): DoctorReport {
  const withFile = (fix: string) =>
    fix.replaceAll(COMMANDS, (_, command) => `npx authjs-lazy ${command} --config ${file}`)
  return { ...report, findings: findings.map(({ fix, ...finding }) => ({ ...finding, fix: withFile(fix) })) }
}

const COMMANDS = /npx authjs-lazy (\w+)\b(?! --config)/g

/** Drops the finding on pipelining, which depends on the environment of the app's process. */
function withoutDriver({ findings, ...report }: DoctorReport): DoctorReport {
  return { ...report, findings: findings.filter(({ code }) => code !== "driver_pipelining") }
}

/** Adds findings on the secrets in the environment, which doctor() checks only with a config. */
function withSecrets({ findings, ...report }: DoctorReport, env: NodeJS.ProcessEnv): DoctorReport {
  return { ...report, findings: worstFirst([...findings, ...checkStrength(environmentSecrets(env))]) }
}

const needsWork = ({ findings }: DoctorReport) => findings.some(({ severity }) => severity !== "info")
