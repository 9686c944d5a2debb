import { type DoctorOptions, type DoctorReport, doctor, type Finding, type FindingCode } from "../../src/doctor.js"
import type { TestDatabase } from "../setup/databases.js"

/** A database that is examined and healed. */
export class Patient {
  constructor(
    readonly database: TestDatabase,
    private readonly options: DoctorOptions = {},
  ) {}

  examine(options: DoctorOptions = {}): Promise<DoctorReport> {
    return doctor({ db: this.database.db, ...this.options, ...options })
  }

  /** What is found, less what every database on this driver has. */
  async findings(options: DoctorOptions = {}): Promise<Finding[]> {
    const { findings } = await this.examine(options)
    return findings.filter(({ code }) => code !== "driver_pipelining")
  }

  /** `severity code where` of each finding. */
  async summary(options: DoctorOptions = {}): Promise<string[]> {
    return (await this.findings(options)).map(({ severity, code, where }) => [severity, code, where].join(" ").trim())
  }

  /** The one finding with this code. */
  async finding(code: FindingCode, options: DoctorOptions = {}): Promise<Finding> {
    const found = (await this.findings(options)).filter((finding) => finding.code === code)
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} findings with the code ${code}.`)
    return found[0]
  }

  /** Runs statements one by one, as when they are pasted into psql. */
  async paste(fix: string): Promise<void> {
    for (const statement of fix.split(/;\n?/)) if (statement.trim() !== "") await this.database.query(statement)
  }
}
