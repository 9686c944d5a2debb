import type { CAC } from "cac"
import { checkStrength } from "../doctor/app/check-secrets.js"
import { environmentSecrets } from "../doctor/app/read-config.js"
import { type DoctorReport, doctor } from "../doctor/doctor.js"
import { worstFirst } from "../doctor/finding.js"
import { renamedTables } from "../store/tables/named-tables.js"
import { importConfig } from "./config-module.js"
import { withDatabase } from "./database/open-database.js"
import {
  databaseAddress,
  databaseOptions,
  type GivenOptions,
  inSchemaOf,
  readFilePath,
  readFlag,
  showNote,
  tableNames,
  tableOptions,
} from "./database-options.js"
import { doctorSummary } from "./doctor-summary.js"
import { readOptionalDuration } from "./duration.js"
import { DONE, LEFT } from "./exit-codes.js"
import { keepingStdout } from "./stdout.js"

/** Adds `authjs-lazy doctor`. */
export function addDoctor(cli: CAC): void {
  const command = cli
    .command("doctor", "Look for what is missing or will hurt, in a database and the packages of this folder")
    .option(
      "--session-max-age <duration>",
      "How long a session of the app lives: its session.maxAge (default: that of --config, or 30d)",
    )
    .option(
      "--config <file>",
      "A module that exports what withLazy returned, as auth or by default, to be examined as well",
    )
    .option("--cascade", "The purge is run with --cascade, so keys without ON DELETE don't stop it")
  tableOptions(databaseOptions(command))
    .example("  $ authjs-lazy doctor --database-url postgres://localhost/app")
    .example("  $ authjs-lazy doctor --config ./auth.js")
    .example("  $ authjs-lazy doctor --schema app --users-table users --json")
    .action(runDoctor)
}

async function runDoctor(options: GivenOptions): Promise<number> {
  const address = databaseAddress(options)
  const names = tableNames(options)
  const json = readFlag("--json", options.json)
  const cascade = readFlag("--cascade", options.cascade)
  const sessionMaxAge = readOptionalDuration("--session-max-age", options.sessionMaxAge)
  const file = readFilePath("--config", options.config)
  const report = await keepingStdout(async () => {
    const auth = file === undefined ? undefined : await importConfig(file)
    return withDatabase(address, {
      run: async (db, place) => {
        const tables = await renamedTables(db, inSchemaOf(names, place))
        const report = await doctor({ db, tables, auth, cwd: process.cwd(), sessionMaxAge, cascade })
        return auth ? report : withSecrets(report)
      },
      failure: "The examination failed",
      onNote: showNote,
    })
  })
  console.log(json ? JSON.stringify(report) : doctorSummary(report, process.stdout))
  return needsWork(report) ? LEFT : DONE
}

/** The secrets of this environment are those of the app, if there are any: without a configuration, none need be here. */
function withSecrets({ findings, ...report }: DoctorReport): DoctorReport {
  return { ...report, findings: worstFirst([...findings, ...checkStrength(environmentSecrets(process.env))]) }
}

const needsWork = ({ findings }: DoctorReport) => findings.some(({ severity }) => severity !== "info")
