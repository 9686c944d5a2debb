import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"
import type { InitReport } from "../../src/cli/init/report.js"
import { freshFolder } from "../docs/extract.js"
import { root } from "../docs/pages.js"
import { type CommandResult, runCommand } from "./command.js"

/** The files of an app, by their paths. */
export type Files = Record<string, string>

/** Writes `package.json` with dependencies at any version. */
export function manifest(names: string[], rest: Record<string, unknown> = { type: "module" }): Files {
  const dependencies = Object.fromEntries(names.map((name) => [name, "*"]))
  return { "package.json": JSON.stringify({ name: "app", ...rest, dependencies }) }
}

export const addFiles = (folder: string, files: Files): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** Makes the folder of an app, which is gone after the test. */
export function appOf(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-init-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  addFiles(folder, files)
  return folder
}

/** Makes folders of apps in one that has this library, so that they can be compiled and run. */
export function appsWithLibrary(name: string, apps: Record<string, Files>): string {
  const folder = freshFolder(name)
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(root, join(folder, "node_modules", "authjs-lazy"))
  for (const [app, files] of Object.entries(apps)) addFiles(join(folder, app), files)
  return folder
}

/** Reads all files of a folder, by their paths. */
export function filesIn(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length + 1).replaceAll("\\", "/"), readFileSync(path, "utf8")]),
  )
}

export const init = (cwd: string, ...args: string[]): Promise<CommandResult> => runCommand(["init", ...args], { cwd })

/** Runs `init --json` and returns its report. */
export async function reportOf(cwd: string, ...args: string[]): Promise<InitReport> {
  const { stdout, stderr } = await init(cwd, "--json", ...args)
  if (stdout === "") throw new Error(stderr)
  return JSON.parse(stdout) as InitReport
}

/** All lines that a report adds to files of the app. */
export const linesOf = ({ edits }: InitReport): string[] => edits.flatMap(({ lines }) => lines)

/** The schema of an app on Drizzle, with tables of its own. */
export const ownSchema = `import { pgTable, primaryKey, text, timestamp, uuid, varchar } from "drizzle-orm/pg-core"

// export const users = pgTable("ghosts", { id: text("id"), email: text("email") })
export const users = pgTable("users", {
  id: uuid("id").primaryKey().defaultRandom(),
  name: text("name"),
  email: varchar("email", { length: 255 }).notNull().unique(),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
})

export const accounts = pgTable(
  "accounts",
  {
    userId: uuid("userId").notNull().references(() => users.id, { onDelete: "cascade" }),
    type: text("type").notNull(),
    provider: text("provider").notNull(),
    providerAccountId: text("providerAccountId").notNull(),
  },
  (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
)

export const sessions = pgTable("sessions", {
  sessionToken: text("sessionToken").primaryKey(),
  userId: uuid("userId").notNull().references(() => users.id, { onDelete: "cascade" }),
  expires: timestamp("expires", { mode: "date" }).notNull(),
})
`

/** That schema with the lines that init names. */
export const ownSchemaWithLines = `import { lazyColumns, lazyIndex } from "authjs-lazy/drizzle"\n${ownSchema.replace(
  `  image: text("image"),\n})`,
  `  image: text("image"),\n    ...lazyColumns(),\n}, \n  (user) => [lazyIndex(user, "users_lazy_idx")],\n)

export const passwords = pgTable("passwords", {
  userId: uuid("userId")
    .primaryKey()
    .references(() => users.id, { onDelete: "cascade" }),
  hash: text("hash").notNull(),
  updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow(),
})`,
)}`

export const ownDatabase = `import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"

export const db = drizzle(postgres(process.env.DATABASE_URL ?? ""))
`
