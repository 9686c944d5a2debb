import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { getTableColumns, sql } from "drizzle-orm"
import { readMigrationFiles } from "drizzle-orm/migrator"
import { bigint, pgSchema, serial, text } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import type { Database } from "./lazy-store.js"
import { lazyColumns, usersTable } from "./schema.js"

/** What migrating did; migrations go by their names in the folder `drizzle/`. */
export interface MigrateReport {
  /** Run just now. */
  applied: string[]
  /** Recorded just now without running them, because what they make was there already. */
  baselined: string[]
  /** Recorded by an earlier run. */
  recorded: string[]
  /**
   * True when the user table has the columns of this library although no migration of ours made them: the app's own
   * migrations look after the tables. Nothing was changed then.
   */
  appManaged: boolean
  /** With `appManaged`: what the database lacks of the default schema, as `table` or `table.column`. */
  missing: string[]
}

/**
 * Brings a database to the default tables of this library, in one transaction, which waits for any other that migrates the same database.
 * What another tool has made already is recorded as done.
 * @throws LazySetupError when the database holds tables of the same names in another shape; nothing was changed
 */
export function migrate(db: Database): Promise<MigrateReport> {
  const migrations = readMigrations()
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('authjs-lazy migrate', 0))`)
    // The foreign keys in the migrations name this schema, so the tables must not end up in another one.
    await tx.execute(sql`set local search_path to public`)
    const record = await readRecord(tx)
    const columns = await readColumns(tx)
    const [recorded, pending] = split(migrations, ({ createdAt }) => record?.has(createdAt) ?? false)

    if (recorded.length === 0 && LAZY_COLUMNS.every((column) => columns.has(column))) {
      const missing = migrations.flatMap(({ columns }) => columns).filter((column) => !columns.has(column))
      return { ...NOTHING, appManaged: true, missing: foldTables(missing, columns) }
    }
    const [baselined, applied] = split(pending, (migration) => isThere(migration, columns))
    if (applied.length > 0) refuseOtherIds(columns)
    if (pending.length > 0 && !record) await createRecord(tx)
    for (const { statements } of applied) for (const statement of statements) await tx.execute(sql.raw(statement))
    for (const { hash, createdAt } of pending) await tx.insert(recordTable).values({ hash, createdAt })
    return { ...NOTHING, applied: names(applied), baselined: names(baselined), recorded: names(recorded) }
  })
}

/**
 * The names of the migrations that {@link migrate} would run; none where the app's own migrations look after the tables. Reads only.
 * @throws LazySetupError when migrating would
 */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const record = await readRecord(db)
  const columns = await readColumns(db)
  const [recorded, unrecorded] = split(readMigrations(), ({ createdAt }) => record?.has(createdAt) ?? false)
  if (recorded.length === 0 && LAZY_COLUMNS.every((column) => columns.has(column))) return []
  const pending = unrecorded.filter((migration) => !isThere(migration, columns))
  if (pending.length > 0) refuseOtherIds(columns)
  return names(pending)
}

const NOTHING: MigrateReport = { applied: [], baselined: [], recorded: [], appManaged: false, missing: [] }

interface Migration {
  name: string
  statements: string[]
  hash: string
  /** When it was generated, in milliseconds: what Drizzle's own migrator tells migrations apart by. */
  createdAt: number
  /** The tables it makes. */
  tables: string[]
  /** The columns it makes, those of new tables among them, as `table.column`. */
  columns: string[]
}

interface Snapshot {
  tables: Record<string, { name: string; columns: Record<string, { name: string }> }>
}

// Two steps up from `src/store` as from `dist/store`.
const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url))

const readMeta = (file: string): unknown => JSON.parse(readFileSync(`${migrationsFolder}/meta/${file}`, "utf8"))

function readMigrations(): Migration[] {
  const journal = readMeta("_journal.json") as { entries: { idx: number; tag: string; when: number }[] }
  const files = readMigrationFiles({ migrationsFolder })
  let before = { tables: new Set<string>(), columns: new Set<string>() }
  return journal.entries.flatMap(({ idx, tag, when }) => {
    const snapshot = readMeta(`${String(idx).padStart(4, "0")}_snapshot.json`) as Snapshot
    const after = { tables: new Set<string>(), columns: new Set<string>() }
    for (const table of Object.values(snapshot.tables)) {
      after.tables.add(table.name)
      for (const column of Object.values(table.columns)) after.columns.add(`${table.name}.${column.name}`)
    }
    const tables = [...after.tables].filter((name) => !before.tables.has(name))
    const columns = [...after.columns].filter((name) => !before.columns.has(name))
    before = after
    return files
      .filter(({ folderMillis }) => folderMillis === when)
      .map(({ sql: statements, hash }) => ({ name: tag, statements, hash, createdAt: when, tables, columns }))
  })
}

const names = (migrations: Migration[]) => migrations.map(({ name }) => name)

function split<Item>(items: Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  const first = items.filter(belongs)
  return [first, items.filter((item) => !first.includes(item))]
}

/** The columns that `lazyColumns()` adds to the user table, by their names in the database. */
const LAZY_COLUMNS = Object.entries(getTableColumns(usersTable)).flatMap(([property, column]) =>
  property in lazyColumns() ? [`user.${column.name}`] : [],
)

// Not the table of Drizzle's own migrator, though with its columns: an app's migrations must never be mixed up with these.
const recordTable = pgSchema("drizzle").table("__authjs_lazy_migrations", {
  id: serial("id").primaryKey(),
  hash: text("hash").notNull(),
  createdAt: bigint("created_at", { mode: "number" }).notNull(),
})

/** When the recorded migrations were generated; undefined when there is no record at all. */
async function readRecord(tx: Database): Promise<Set<number> | undefined> {
  const tables = await tx
    .select({ name: sql`tablename` })
    .from(sql`pg_catalog.pg_tables`)
    .where(sql`schemaname = 'drizzle' and tablename = '__authjs_lazy_migrations'`)
  if (tables.length === 0) return undefined
  return new Set((await tx.select().from(recordTable)).map(({ createdAt }) => createdAt))
}

async function createRecord(tx: Database): Promise<void> {
  await tx.execute(sql`create schema if not exists drizzle`)
  await tx.execute(
    sql`create table ${recordTable} (id serial primary key, hash text not null, created_at bigint not null)`,
  )
}

/** The SQL types of all columns in the schema `public`, by `table.column`. */
type Columns = Map<string, string>

async function readColumns(tx: Database): Promise<Columns> {
  const columns = await tx
    .select({
      name: sql<string>`c.relname || '.' || a.attname`,
      type: sql<string>`format_type(a.atttypid, null)`,
    })
    .from(sql`pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid`)
    .where(
      sql`c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and a.attnum > 0 and not a.attisdropped`,
    )
  return new Map(columns.map(({ name, type }) => [name, type]))
}

const tablesOf = (columns: Columns) => new Set([...columns.keys()].map(tableOf))
const tableOf = (column: string) => column.slice(0, column.indexOf("."))

/** Names a table once instead of each of its columns where the table as a whole is missing. */
function foldTables(missing: string[], columns: Columns): string[] {
  const tables = tablesOf(columns)
  return [...new Set(missing.map((column) => (tables.has(tableOf(column)) ? column : tableOf(column))))]
}

const OWN_MIGRATIONS =
  "Nothing was changed. Tables of your own shape are migrated by your own drizzle-kit: spread lazyColumns() into the user table."

/**
 * Whether another tool has made what this migration makes. One that makes no columns is not to be seen, so it is run.
 * @throws LazySetupError when it is there in part, so that it can neither be run nor count as done
 */
function isThere(migration: Migration, columns: Columns): boolean {
  if (migration.columns.length === 0) return false
  const missing = migration.columns.filter((column) => !columns.has(column))
  if (missing.length === 0) return true
  const tables = tablesOf(columns)
  const present = migration.tables.filter((table) => tables.has(table))
  if (present.length === 0 && missing.length === migration.columns.length) return false
  throw new LazySetupError(
    `The database has some of what ${migration.name} makes, or other things by the same names; it lacks ` +
      `${foldTables(missing, columns).join(", ")}. ${OWN_MIGRATIONS}`,
  )
}

function refuseOtherIds(columns: Columns): void {
  const type = columns.get("user.id")
  if (type === undefined || type === "text" || type === "character varying") return
  throw new LazySetupError(`The ids in the table "user" are of type ${type}, not text. ${OWN_MIGRATIONS}`)
}
