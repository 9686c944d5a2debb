import type { App } from "./look/app.js"
import type { Edit, Plan, PlannedFile } from "./plan/types.js"

/** What `init` has found, planned and written. */
export interface InitReport {
  /** What the app is, as far as its files say. */
  app: {
    framework: App["framework"]
    version: string | null
    typescript: boolean
    packageManager: App["manager"]
    /** Where the users are: in a table of Drizzle's or Prisma's schema, or in the default ones. */
    tables: "drizzle" | "prisma" | "default" | "none"
    driver: string | null
  }
  /** The commands that install what is missing. */
  install: string[]
  files: ReportedFile[]
  /** Lines that only you can add, because the files are there. */
  edits: Edit[]
  /** The secret of Auth.js: found, written into `environmentFile`, or missing. It is never shown. */
  secret: "found" | "written" | "missing"
  environmentFile: string
  /** The commands to run afterwards. */
  run: string[]
  /** What init can't tell. */
  notes: string[]
}

/** A file that the app lacks or lacked. */
export interface ReportedFile extends PlannedFile {
  /** `waiting` until what it waits for is there. */
  state: "missing" | "written" | "waiting"
}

/** Makes the report of a run. */
export function makeReport(
  app: App,
  plan: Plan,
  { written, hasNewSecret }: { written: readonly PlannedFile[]; hasNewSecret: boolean },
): InitReport {
  const { framework, version = null, language, manager, database, tables, prisma, auth, environment } = app
  const stateOf = (file: PlannedFile) => {
    if (written.includes(file)) return "written"
    return file.waitsFor.length > 0 ? "waiting" : "missing"
  }
  return {
    app: {
      framework,
      version,
      typescript: language.typescript,
      packageManager: manager,
      tables: prisma ? "prisma" : tables.usersTable ? "drizzle" : auth.lazy ? "default" : "none",
      driver: database.driver ?? null,
    },
    install: plan.install,
    files: plan.files.map((file) => ({ ...file, state: stateOf(file) })),
    edits: plan.edits,
    secret: hasNewSecret ? "written" : plan.secret ? "missing" : "found",
    environmentFile: environment.file,
    run: plan.run,
    notes: plan.notes,
  }
}
