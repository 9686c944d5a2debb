import type { CAC } from "cac"
import { type DoctorReport, doctor } from "../doctor/doctor.js"
import { renamedTables } from "../store/named-tables.js"
import { withDatabase } from "../store/open-database.js"
import {
  databaseAddress,
  databaseOptions,
  type GivenOptions,
  readFlag,
  tableNames,
  tableOptions,
} from "./database-options.js"
import { doctorSummary } from "./doctor-summary.js"
import { readOptionalDuration } from "./duration.js"
import { DONE, LEFT } from "./exit-codes.js"

/** Adds `authjs-lazy doctor`. */
export function addDoctor(cli: CAC): void {
  const command = cli
    .command("doctor", "Look for what is missing or will hurt, in a database and the packages of this folder")
    .option("--session-max-age <duration>", "How long a session of the app lives: its session.maxAge (default: 30d)")
    .option("--cascade", "The purge is run with --cascade, so keys without ON DELETE don't matter")
  tableOptions(databaseOptions(command))
    .example("  $ authjs-lazy doctor --database-url postgres://localhost/app")
    .example("  $ authjs-lazy doctor --schema app --users-table users --json")
    .action(runDoctor)
}

async function runDoctor(options: GivenOptions): Promise<number> {
  const address = databaseAddress(options)
  const names = tableNames(options)
  const json = readFlag("--json", options.json)
  const cascade = readFlag("--cascade", options.cascade)
  const sessionMaxAge = readOptionalDuration("--session-max-age", options.sessionMaxAge)
  const report = await withDatabase(address, {
    run: async (db) => {
      const tables = await renamedTables(db, names)
      return doctor({ db, tables, cwd: process.cwd(), sessionMaxAge, cascade })
    },
    failure: "The examination failed",
  })
  console.log(json ? JSON.stringify(report) : doctorSummary(report, process.stdout))
  return needsWork(report) ? LEFT : DONE
}

const needsWork = ({ findings }: DoctorReport) => findings.some(({ severity }) => severity !== "info")
