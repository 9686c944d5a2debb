import type { InitReport, ReportedFile } from "../init/report.js"
import { printable } from "./format.js"

const USERS: Record<InitReport["app"]["tables"], string> = {
  drizzle: "users in a table of Drizzle's schema",
  prisma: "users in Prisma's schema",
  default: "users in the default tables",
  none: "no users table yet",
}

const FRAMEWORKS = { next: "Next.js", sveltekit: "SvelteKit", hono: "Hono", express: "Express" }

/** Formats what `init` has found and written as text. */
export function initSummary(report: InitReport): string {
  const { app, install, files, edits, run, notes } = report
  const written = files.filter(({ state }) => state === "written")
  const missing = files.filter(({ state }) => state !== "written")
  const sections = [
    section("Install:", install.map(indented)),
    section("Written:", [
      ...written.map(({ path }) => `  ${printable(path)}`),
      ...(report.secret === "written" ? [`  AUTH_SECRET in ${report.environmentFile}`] : []),
    ]),
    section(
      report.secret === "missing" || missing.some(({ state }) => state === "missing")
        ? "Missing files (init --write writes them):"
        : "Missing files:",
      [
        ...missing.flatMap(fileLines),
        ...(report.secret === "missing"
          ? [`  AUTH_SECRET in ${report.environmentFile}, which init --write makes`]
          : []),
      ],
    ),
    section("Lines to add by hand, because the files are yours:", edits.flatMap(editLines)),
    section("Then run:", run.map(indented)),
    section(
      "What init can't tell:",
      notes.map((note) => `  - ${printable(note)}`),
    ),
  ].filter((lines) => lines.length > 0)
  const nothing = edits.length === 0 && missing.length === 0 && written.length === 0 && notes.length === 0
  const head = `${describe(app)}.${nothing ? " Nothing is missing." : ""}`
  return [head, ...sections.map((lines) => `\n${lines.join("\n")}`)].join("\n")
}

function describe({ framework, version, typescript, packageManager, tables, driver }: InitReport["app"]): string {
  return [
    `${FRAMEWORKS[framework]}${version === null ? "" : ` ${printable(version)}`}`,
    typescript ? "TypeScript" : "JavaScript",
    USERS[tables],
    driver ?? "no driver for PostgreSQL yet",
    packageManager,
  ].join(", ")
}

function section(title: string, lines: string[]): string[] {
  if (lines.length === 0) return []
  return [title, ...(lines.at(-1) === "" ? lines.slice(0, -1) : lines)]
}

const indented = (line: string) => `  ${line}`

function fileLines({ path, content, waitsFor }: ReportedFile): string[] {
  const waiting = waitsFor.length > 0 ? `, after ${waitsFor.map(printable).join(" and ")}; then run init again` : ""
  return [
    `  ${printable(path)}${waiting}`,
    ...content
      .trimEnd()
      .split("\n")
      .map((line) => `    | ${line}`.trimEnd()),
    "",
  ]
}

function editLines({ path, line, place, lines }: InitReport["edits"][number]): string[] {
  const where = `${printable(path)}${line === undefined ? "" : `:${line}`}`
  // Lines of the app's own files may hold characters that control a terminal.
  return [`  ${where}, ${printable(place)}`, ...lines.map((each) => `    ${withoutControl(each)}`), ""]
}

const withoutControl = (line: string) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
