import { posix } from "node:path"
import type { App } from "../look/app.js"
import type { Driver } from "../look/database.js"
import { prismaOptions } from "../look/prisma-schema.js"
import { authModule } from "../templates/auth.js"
import { databaseModule } from "../templates/database.js"
import { importLine, importName } from "../templates/imports.js"
import { planAuthEdits } from "./auth-edits.js"
import type { TablesPlan } from "./tables.js"
import type { Edit, PlannedFile } from "./types.js"

/** The module with the configuration, as the other files import it. */
export interface AuthPlan {
  /** Its path, which may be that of a file to write. */
  path: string
  /** What it exports as the result of `withLazy`. */
  config: string
  /** What it exports as the result of `allowLazy`. */
  gate: string | undefined
  files: PlannedFile[]
  edits: Edit[]
  /** What must be there before a file that imports the module compiles. */
  waitsFor: string[]
  /** The driver that a file to write imports. */
  driver: Driver | undefined
}

/** Plans the module with the configuration, and that with the database. */
export function planAuth(app: App, tables: TablesPlan | undefined): AuthPlan {
  const { auth, framework, language } = app
  if (auth.lazy) {
    const { file, name } = auth.lazy
    const gate = /export\s+const\s+(\w+)\s*=\s*allowLazy\s*\(/.exec(file.code)?.[1]
    const isExported = new RegExp(`export\\s+(?:const\\s+${name}\\b|\\{[^}]*\\b${name}\\b)`).test(file.code)
    const waitsFor = isExported ? [] : [`the result of withLazy in ${file.path}, which no export has`]
    return { path: file.path, config: name, gate, files: [], edits: [], waitsFor, driver: undefined }
  }
  const path = auth.existing?.place.file.path ?? authPath(app)
  const database = planDatabase(app)
  const waitsFor = [
    ...database.waitsFor,
    ...(tables && tables.edits.length > 0 ? [`the lines in ${tables.edits[0]?.path}`] : []),
  ]
  const parts = {
    framework,
    typescript: language.typescript,
    imports: importsOf(app, auth.existing?.file.path ?? path, database, tables),
    adapter: adapterOf(app, database, tables),
    providers: providersOf(app, tables),
    jwt: tables?.jwt ?? false,
  }
  const driver = database.files.length > 0 ? database.driver : undefined
  if (auth.existing) {
    const { edits, config } = planAuthEdits(app, auth.existing, parts)
    const gate = framework === "next" ? "lazy" : undefined
    const changed = [...new Set(edits.map((edit) => edit.path))]
    const lines = [...waitsFor, `the lines in ${changed.join(" and ")}`]
    return { path, config, gate, files: database.files, edits, waitsFor: lines, driver }
  }
  const file = { path, content: authModule(parts), waitsFor }
  const gate = framework === "next" ? "lazy" : undefined
  return { path, config: "authConfig", gate, files: [...database.files, file], edits: [], waitsFor, driver }
}

function authPath({ framework, base, language, sources }: App): string {
  const name = framework === "sveltekit" ? "src/lib/server/auth" : `${base}auth`
  const taken = [...sources.paths].some((path) => path.replace(/\.[cm]?[jt]sx?$/, "") === name)
  return `${taken ? `${posix.dirname(name)}/lazy-auth`.replace(/^\.\//, "") : name}${extensionOf(framework, language)}`
}

/** Names the end of a module's file: a bundler takes `.js` also where Node would want `.mjs`. */
export function extensionOf(framework: App["framework"], language: App["language"]): string {
  if (language.typescript) return ".ts"
  return framework === "next" || framework === "sveltekit" ? ".js" : language.extension
}

interface DatabasePlan {
  path: string
  name: string
  driver: Driver
  files: PlannedFile[]
  waitsFor: string[]
}

function planDatabase(app: App): DatabasePlan {
  const { database, prisma, framework, base, language, sources, environment } = app
  const driver = database.driver ?? (prisma ? "pg" : "postgres")
  const [module, ...others] = database.modules
  if (module) {
    const names = database.modules.map(({ path, name }) => `${name} in ${path}`).join(" or ")
    const waitsFor = others.length > 0 ? [`your choice of the database: ${names}`] : []
    return { ...module, driver, files: [], waitsFor }
  }
  const folder = framework === "sveltekit" ? "src/lib/server/" : base
  const there = (name: string) => [...sources.paths].some((path) => path.replace(/\.[cm]?[jt]sx?$/, "") === name)
  const inFolder = [...sources.paths].some((path) => path.startsWith(`${folder}db/`))
  const names = prisma ? ["auth-db"] : [inFolder ? "db/index" : "db", "auth-db"]
  const name = names.find((each) => !there(`${folder}${each}`)) ?? "auth-db"
  const path = `${folder}${name}${extensionOf(framework, language)}`
  const content = databaseModule(driver, environment.address, framework === "sveltekit")
  return { path, name: "db", driver, files: [{ path, content, waitsFor: [] }], waitsFor: [] }
}

function importsOf(app: App, from: string, database: DatabasePlan, tables: TablesPlan | undefined): string[] {
  const imports = [importLine([database.name], importName(app, from, database.path))]
  if (app.prisma) imports.push(importLine(["prismaTables"], "authjs-lazy/prisma"))
  else
    for (const [path, names] of tables?.imports ?? [])
      imports.push(importLine([...new Set(names)].toSorted(), importName(app, from, path)))
  return imports
}

function adapterOf({ prisma }: App, { name }: DatabasePlan, tables: TablesPlan | undefined): string {
  if (prisma) return `LazyAdapter(${name}, prismaTables(${prismaOptions(prisma)}))`
  if (!tables) return `LazyAdapter(${name})`
  const options = Object.entries(tables.options).map(([option, table]) =>
    option === table ? option : `${option}: ${table}`,
  )
  const line = `LazyAdapter(${name}, { ${options.join(", ")} })`
  if (line.length <= 90) return line
  return `LazyAdapter(${name}, {\n${options.map((option) => `    ${option},\n`).join("")}  })`
}

function providersOf({ prisma }: App, tables: TablesPlan | undefined): string[] {
  const required = prisma ? prisma.user?.fields.get("email")?.type === "String" : tables?.emailRequired
  if (!required) return ["LazyProvider()", "PasswordProvider()", "ConvertProvider()"]
  return [ADDRESS_OF_NOBODY, "PasswordProvider()", 'ConvertProvider({ identifier: "email" })']
}

/** For a column that demands an address. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is code, and the app fills the id in.
const ADDRESS_OF_NOBODY = "LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` })"
