import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../docs/pages.js"

/** A folder of an app that has this library and what it needs. */
export interface AppFolder {
  path: string
  write: (file: string, text: string) => Promise<void>
  remove: () => Promise<void>
}

export async function appFolder(): Promise<AppFolder> {
  const path = await mkdtemp(join(tmpdir(), "authjs-lazy-app-"))
  await mkdir(join(path, "node_modules", "@electric-sql"), { recursive: true })
  await symlink(root, join(path, "node_modules", "authjs-lazy"))
  for (const name of ["drizzle-orm", "postgres", "pg", "tsx", "@electric-sql/pglite"])
    await symlink(join(root, "node_modules", name), join(path, "node_modules", name))
  return {
    path,
    write: (file, text) => writeFile(join(path, file), text),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/**
 * The start of an app's module, before its exports. It opens a database and defines `made`, and
 * `configure`, which makes more.
 */
export function appModule({
  url = "process.env.DATABASE_URL",
  before = "",
  tables = "",
  options = "",
}: {
  url?: string
  before?: string
  tables?: string
  options?: string
}): string {
  return `
  import { LazyProvider, withLazy } from "authjs-lazy"
  import { LazyAdapter, lazyColumns } from "authjs-lazy/drizzle"
  import { and, eq, exists, inArray, sql } from "drizzle-orm"
  import { pgSchema, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core"
  import { drizzle } from "drizzle-orm/postgres-js"
  import postgres from "postgres"
  const client = postgres(${url}, { onnotice: () => {} })
  const db = drizzle(client)
  ${before}
  const configure = () => withLazy({ adapter: LazyAdapter(db, { ${tables} }), providers: [LazyProvider()], ${options} })
  const made = configure()
  `
}
