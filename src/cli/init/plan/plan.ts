import type { App } from "../look/app.js"
import { type AuthPlan, planAuth } from "./auth.js"
import { planInstall, runBy, runByTsx } from "./install.js"
import { type FrameworkPlan, planNext } from "./next.js"
import { planPrisma } from "./prisma.js"
import { planServer, planSvelteKit } from "./servers.js"
import { planOwnTables } from "./tables.js"
import type { Edit, Plan, PlannedFile } from "./types.js"

/**
 * Plans what an app lacks.
 * @throws LazySetupError when the app's version of next-auth or Next.js is too old
 */
export function planFor(app: App): Plan {
  if (app.auth.guests?.isChatbotTemplate && !app.auth.lazy) return templatePlan(app)
  const tables = app.prisma ? undefined : planOwnTables(app)
  const auth = planAuth(app, tables)
  const framework = planFramework(app, auth)
  const schema = app.prisma || tables ? undefined : planDefaultTables(app)
  const ignore = planIgnored(app)
  const files = [...ignore.files, ...(schema?.files ?? []), ...auth.files, ...framework.files]
  const edits = [
    ...(tables?.edits ?? []),
    ...planPrisma(app),
    ...(schema?.edits ?? []),
    ...auth.edits,
    ...framework.edits,
    ...ignore.edits,
  ]
  const hasNewTables = !app.prisma && !app.auth.lazy && (!tables || tables.edits.length > 0)
  return {
    install: planInstall(app, auth.driver, app.server === undefined),
    files: files.toSorted((one, other) => one.waitsFor.length - other.waitsFor.length),
    edits,
    run: [...migration(app, schema !== undefined || hasNewTables, edits), ...start(app, auth, files)],
    secret: !hasSecret(app),
    notes: [
      ...app.unknown,
      ...addressNotes(app),
      ...(tables?.notes ?? []),
      ...framework.notes,
      ...guestNotes(app, auth),
    ],
  }
}

function planFramework(app: App, auth: AuthPlan): FrameworkPlan {
  if (app.framework === "next") return planNext(app, auth)
  return app.framework === "sveltekit" ? planSvelteKit(app, auth) : planServer(app, auth)
}

const hasSecret = ({ framework, environment: { names } }: App) =>
  names.has("AUTH_SECRET") || (framework === "next" && names.has("NEXTAUTH_SECRET"))

/** The page on the chatbot template has every line, so none is repeated here. */
function templatePlan(app: App): Plan {
  const { where } = app.auth.guests as NonNullable<App["auth"]["guests"]>
  const page = "node_modules/authjs-lazy/docs/migrating-from-the-chatbot-template.md"
  return {
    install: [],
    files: [],
    edits: [{ path: where.file.path, line: where.line, place: `and the other files that ${page} names`, lines: [] }],
    run: [runBy(app, `authjs-lazy adopt --config lazy.config.ts --where "email like 'guest-%'" --dry-run`)],
    secret: false,
    notes: [
      `How far this app has gone from the chatbot template that it is made from. Follow ${page}, which has each line; init writes nothing here. ` +
        "The command above shows the guests who are there already, and comes in the page's step on them.",
    ],
  }
}

interface Additions {
  files: PlannedFile[]
  edits: Edit[]
}

/** Plans the default tables for drizzle-kit, which would otherwise drop what it does not know. */
function planDefaultTables({ database, sources, auth }: App): Additions | undefined {
  const { kitSchema } = database
  if (kitSchema === undefined || auth.lazy || sources.files.some(({ code }) => /\bpasswordsTable\b/.test(code)))
    return undefined
  if (kitSchema !== null && !sources.paths.has(kitSchema))
    return { files: [{ path: kitSchema, content: `${DEFAULT_TABLES.join("\n")}\n`, waitsFor: [] }], edits: [] }
  const lines = DEFAULT_TABLES.map((line) => `+${line}`)
  const place =
    kitSchema === null
      ? "in the file that drizzle-kit reads, which drizzle.config doesn't name in one string"
      : "in the schema"
  return { files: [], edits: [{ path: kitSchema ?? "your schema", place, lines }] }
}

const DEFAULT_TABLES = [
  'import { schema } from "authjs-lazy/drizzle"',
  "",
  "export const {",
  "  usersTable,",
  "  accountsTable,",
  "  sessionsTable,",
  "  verificationTokensTable,",
  "  authenticatorsTable,",
  "  passwordsTable,",
  "  lazyOutcomesTable,",
  "} = schema",
]

function migration(app: App, hasNewTables: boolean, edits: Edit[]): string[] {
  if (app.prisma)
    return edits.some(({ path }) => path.endsWith(".prisma"))
      ? [runBy(app, "prisma migrate dev --name lazy_users")]
      : []
  if (!hasNewTables) return []
  if (app.tables.usersTable || app.database.kitSchema !== undefined)
    return [runBy(app, "drizzle-kit generate"), runBy(app, "drizzle-kit migrate")]
  return [runBy(app, "authjs-lazy migrate")]
}

function start(app: App, { path }: AuthPlan, files: PlannedFile[]): string[] {
  const { framework, language, environment, server } = app
  const env = `--env-file=${environment.file}`
  const run = (file: string) => (language.typescript ? runByTsx(app, `${env} ${file}`) : `node ${env} ${file}`)
  const made = files.find((file) => /(?:^|\/)server\.\w+$/.test(file.path))?.path ?? server?.path
  return [
    ...(framework === "sveltekit" ? [`node ${env} node_modules/vite/bin/vite.js dev`] : []),
    ...(made !== undefined && framework !== "next" && framework !== "sveltekit" ? [run(made)] : []),
    run(
      `node_modules/authjs-lazy/dist/cli/main.js doctor --config ${/^[\w./-]+$/.test(path) ? `./${path}` : `'./${path}'`}`,
    ),
  ]
}

/** Plans what keeps the file with the secret out of git. */
function planIgnored({ environment: { file, isIgnored }, sources }: App): Additions {
  if (isIgnored === true) return { files: [], edits: [] }
  const content = `node_modules\n${file}\n`
  if (!sources.paths.has(".gitignore")) return { files: [{ path: ".gitignore", content, waitsFor: [] }], edits: [] }
  const place = isIgnored === undefined ? "unless git ignores the file already" : "so that the secret stays out of git"
  return { files: [], edits: [{ path: ".gitignore", place, lines: [`+${file}`] }] }
}

function addressNotes({ database, environment: { names, address, file } }: App): string[] {
  if (names.has(address) || database.driver === "@electric-sql/pglite") return []
  return [`Where the database is: no file of variables sets ${address}. Add a line to ${file}: ${address}=postgres://…`]
}

function guestNotes({ auth: { guests, lazy } }: App, { path }: AuthPlan): string[] {
  if (!guests || lazy) return []
  const { where } = guests
  return [
    `Which guests are there already: ${where.file.path}:${where.line} makes guests by hand. node_modules/authjs-lazy/docs/migrating-from-hand-rolled-guests.md says what to do with the code; ` +
      `npx authjs-lazy adopt --config ${path} --where "…" --dry-run makes lazy users of their rows.`,
  ]
}
