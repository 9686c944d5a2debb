import { LazySetupError } from "../../../errors.js"
import type { Manifest } from "./manifest.js"
import type { SourceFile, Sources } from "./source-files.js"

/** The drivers that `init` writes a module for, by their packages. */
const DRIVERS = ["postgres", "pg", "@neondatabase/serverless", "@electric-sql/pglite"] as const

export type Driver = (typeof DRIVERS)[number]

/** How the app opens its database. */
export interface DatabaseFacts {
  /** The driver that is installed; undefined without one. */
  driver: Driver | undefined
  /** The drivers that modules of the app import, installed or not. */
  imported: Driver[]
  /** The modules that export a Drizzle database. */
  modules: { path: string; name: string }[]
  usesDrizzle: boolean
  /** The schema of drizzle-kit; undefined without drizzle-kit, null where it can't be read. */
  kitSchema: string | null | undefined
  unknown: string[]
}

/** What an app has that keeps its users elsewhere than in PostgreSQL, by what its files say. */
const OTHER_DIALECTS: readonly [pattern: RegExp, name: string][] = [
  [/from\s+["']drizzle-orm\/(?:mysql-core|mysql2|planetscale-serverless|tidb-serverless)/, "MySQL"],
  [/from\s+["']drizzle-orm\/singlestore/, "SingleStore"],
  [/from\s+["']drizzle-orm\/(?:sqlite-core|better-sqlite3|libsql|bun-sqlite|d1)\b/, "SQLite"],
  [/\bdialect:\s*["'](?:mysql|singlestore)["']/, "MySQL"],
  [/\bdialect:\s*["'](?:sqlite|turso)["']/, "SQLite"],
  [/\bprovider\s*=\s*"mysql"/, "MySQL"],
  [/\bprovider\s*=\s*"sqlite"/, "SQLite"],
  [/\bprovider\s*=\s*"mongodb"/, "MongoDB"],
  [/\bprovider\s*=\s*"sqlserver"/, "SQL Server"],
  [/\bprovider\s*=\s*"cockroachdb"/, "CockroachDB"],
]
const POSTGRES =
  /from\s+["']drizzle-orm\/(?:pg-core|postgres-js|node-postgres|pglite|neon-|vercel-postgres)|\bdialect:\s*["']postgresql["']|\bprovider\s*=\s*"postgres(?:ql)?"/

/** Drivers of other databases, by their packages. */
const OTHER_DRIVERS: Record<string, string> = {
  mysql2: "MySQL",
  mysql: "MySQL",
  "@planetscale/database": "MySQL",
  mongodb: "MongoDB",
  mongoose: "MongoDB",
  "better-sqlite3": "SQLite",
  sqlite3: "SQLite",
  "@libsql/client": "SQLite",
  mssql: "SQL Server",
}

const OPENS = /export\s+(?:const|let)\s+(\w+)\s*(?::[^=]+)?=\s*(?:[^;\n]*(?:\?\?|\|\|)\s*)?drizzle\s*[(<]/g

/**
 * Finds out how the app opens its database.
 * @throws LazySetupError when it is not PostgreSQL
 */
export function findDatabase(manifest: Manifest, sources: Sources): DatabaseFacts {
  const unknown: string[] = []
  const { packages } = manifest
  const driver = DRIVERS.find((name) => packages.has(name))
  const isPostgres = sources.files.find(({ code }) => POSTGRES.test(code))
  const other = findOther(sources) ?? findOtherDriver(packages)
  const elsewhere = `authjs-lazy keeps its users in PostgreSQL, through Drizzle or Prisma's tables`
  if (other && !isPostgres && !driver)
    throw new LazySetupError(
      `init: this app has ${other.name} (${other.where}), and ${elsewhere}. Nothing was written. Nothing can be added here unless users move to PostgreSQL.`,
    )
  if (other)
    unknown.push(
      `The app has ${other.name} too (${other.where}). ${elsewhere[0]?.toUpperCase()}${elsewhere.slice(1)}: init takes the users to be there.`,
    )
  const opening = sources.files.filter(({ code }) => POSTGRES_DRIVER.test(code))
  for (const { path, code } of opening)
    if (code.includes("drizzle-orm/neon-http"))
      unknown.push(
        `${path} opens the database by drizzle-orm/neon-http, which has no transactions: LazyAdapter refuses it. Use drizzle-orm/neon-serverless with a Pool.`,
      )
  return {
    driver,
    imported: DRIVERS.filter((name) => sources.files.some(({ code }) => code.includes(`from "${name}"`))),
    modules: opening.flatMap(({ path, code }) =>
      [...code.matchAll(OPENS)].map(([, name]) => ({ path, name: name as string })),
    ),
    usesDrizzle: packages.has("drizzle-orm"),
    kitSchema: kitSchema(sources),
    unknown,
  }
}

const POSTGRES_DRIVER = /from\s+["']drizzle-orm\/(?:postgres-js|node-postgres|pglite|neon-|vercel-postgres)/

function findOther({ files }: Sources): { name: string; where: string } | undefined {
  for (const { path, code } of files) {
    if (/\.prisma$/.test(path) ? !/\bdatasource\s/.test(code) : /\bprovider\s*=/.test(code)) continue
    const [, name] = OTHER_DIALECTS.find(([pattern]) => pattern.test(code)) ?? []
    if (name !== undefined) return { name, where: path }
  }
  return undefined
}

function findOtherDriver(packages: ReadonlyMap<string, string>): { name: string; where: string } | undefined {
  const found = Object.keys(OTHER_DRIVERS).find((name) => packages.has(name))
  return found === undefined ? undefined : { name: OTHER_DRIVERS[found] as string, where: `package.json: ${found}` }
}

/** Reads where drizzle-kit finds the schema, from its configuration in the app's folder. */
function kitSchema({ files }: Sources): string | null | undefined {
  const config: SourceFile | undefined = files.find(({ path }) => /^drizzle\.config\.\w+$/.test(path))
  if (!config) return undefined
  const schema = /\bschema:\s*["'](?:\.\/)?([\w@()[\]./-]+\.[cm]?[jt]s)["']/.exec(config.code)?.[1]
  // A path that leads out of the app belongs to another package.
  return schema === undefined || /^\/|(?:^|\/)\.\.(?:\/|$)/.test(schema) ? null : schema
}
