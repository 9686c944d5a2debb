import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { readMigrationFiles } from "drizzle-orm/migrator"
import type { Migration } from "./src/store/migrations.js"

interface Snapshot {
  tables: Record<string, { name: string; columns: Record<string, { name: string }> }>
}

const migrationsFolder = fileURLToPath(new URL("drizzle", import.meta.url))
const target = fileURLToPath(new URL("src/store/migrations.ts", import.meta.url))

/** Reads the migrations that drizzle-kit wrote into the folder `drizzle/`. */
export function readMigrationFolder(): Migration[] {
  const meta = (file: string): unknown => JSON.parse(readFileSync(`${migrationsFolder}/meta/${file}`, "utf8"))
  const journal = meta("_journal.json") as { entries: { idx: number; tag: string; when: number }[] }
  const files = readMigrationFiles({ migrationsFolder })
  let before = { tables: new Set<string>(), columns: new Set<string>() }
  return journal.entries.map(({ idx, tag, when }) => {
    const snapshot = meta(`${String(idx).padStart(4, "0")}_snapshot.json`) as Snapshot
    const after = { tables: new Set<string>(), columns: new Set<string>() }
    for (const table of Object.values(snapshot.tables)) {
      after.tables.add(table.name)
      for (const column of Object.values(table.columns)) after.columns.add(`${table.name}.${column.name}`)
    }
    const tables = [...after.tables].filter((name) => !before.tables.has(name))
    const columns = [...after.columns].filter((name) => !before.columns.has(name))
    before = after
    const file = files.find(({ folderMillis }) => folderMillis === when)
    if (!file) throw new Error(`There is no file for the migration ${tag}.`)
    return { name: tag, hash: file.hash, createdAt: when, tables, columns, statements: file.sql }
  })
}

/** The module that holds them: a bundler takes code along, and leaves files behind. */
function migrationsModule(migrations: Migration[]): string {
  const interfaceText = /export interface Migration \{.*?\n\}\n/s.exec(readFileSync(target, "utf8"))?.[0] ?? ""
  return `// Written by \`npm run generate\` from the folder drizzle/, so that a bundle has them.\n\n/** A migration of the default tables. */\n${interfaceText}\nexport const MIGRATIONS: readonly Migration[] = ${JSON.stringify(migrations, null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, migrationsModule(readMigrationFolder()))
