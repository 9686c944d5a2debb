import { getTableColumns, sql } from "drizzle-orm"
import { bigint, getTableConfig, pgSchema, serial, text } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { MIGRATIONS, type Migration } from "./migrations.js"
import { otherAdapterTables, otherLazyTables, refuseSecondColumns, refuseSecondSet } from "./other-adapters.js"
import { readColumnTypes } from "./sql/catalogue/columns.js"
import { schemaExists, schemaHasTable } from "./sql/catalogue/tables.js"
import type { Database } from "./sql/database.js"
import { runOnEngine } from "./sql/engine/refuse-on-engine.js"
import { qualifiedName, quoted } from "./sql/identifiers.js"
import { redactErrorsOf } from "./sql/redact.js"
import { lazyColumns, usersTable } from "./tables/schema.js"

/** The report of {@link migrate}. Migrations have their names in the folder `drizzle/`. */
export interface MigrateReport {
  /** Run by this call. */
  applied: string[]
  /** Recorded by this call without running them, because the database had everything they make. */
  baselined: string[]
  /** Recorded by an earlier run. */
  recorded: string[]
  /**
   * True when the user table has the columns of this library, but no migration of ours made them:
   * the app's own migrations manage the tables. Nothing was changed then.
   */
  appManaged: boolean
  /**
   * With `appManaged`, what the database lacks of the default schema, as `table` or `table.column`.
   */
  missing: string[]
  /**
   * The tables of another Auth.js adapter beside which the default tables were made, as `table` or
   * `schema.table`. The users of the app are still in those.
   */
  beside?: string[]
}

/**
 * Options of {@link migrate}.
 * @example await migrate(db, { schema: "auth" })
 */
export interface MigrateOptions {
  /**
   * The PostgreSQL schema for the tables, created if it is missing.
   * @default "public"
   */
  schema?: string
  /**
   * Whether to make the default tables even beside those of another Auth.js adapter, and beside
   * tables with lazy users of another app.
   * @default false
   */
  beside?: boolean
}

/**
 * Brings a database to the default tables of this library, in one transaction that waits for any
 * other migration of the same database. Records as applied what the database already has. Reads no
 * files, so it works in a bundle.
 * @throws LazySetupError when tables of the same names have another shape, or, without `beside`,
 * when there are tables of another adapter or other tables with the columns of lazy users; nothing
 * is changed then
 * @example
 * const { applied } = await migrate(db)
 */
export function migrate(db: Database, options: MigrateOptions = {}): Promise<MigrateReport> {
  const { schema = "public", beside = false } = options
  return redactErrorsOf(() =>
    runOnEngine(
      db,
      "migrate",
      qualifiedName(usersTable),
      () => migrateIn(db, schema, beside),
      (engine, options) => new LazySetupError(`The default tables can't be made ${engine} ${BY_HAND}`, options),
    ),
  )
}

const BY_HAND = "Run the statements of the folder drizzle/ of this package yourself, one by one."

/** Implements {@link migrate}. */
function migrateIn(db: Database, schema: string, beside: boolean): Promise<MigrateReport> {
  return db.transaction(async (tx) => {
    await tx.execute(
      sql`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('authjs-lazy migrate', 0))`,
    )
    // The foreign keys in the migrations name the schema, so the tables must be made there.
    await tx.execute(sql.raw(`set local search_path to ${quoted(schema)}`))
    const recordTable = recordIn(schema)
    const record = await readRecord(tx, recordTable)
    const columns = await readColumnTypes(tx, schema)
    const [recorded, pending] = split(MIGRATIONS, ({ createdAt }) => record?.has(createdAt) ?? false)

    if (recorded.length === 0 && LAZY_COLUMNS.every((column) => columns.has(column))) {
      const missing = MIGRATIONS.flatMap(({ columns }) => columns).filter((column) => !columns.has(column))
      return { ...NOTHING, appManaged: true, missing: foldTables(missing, columns) }
    }
    const [baselined, applied] = split(pending, (migration) => isThere(migration, columns))
    if (applied.length > 0) refuseOtherIds(columns)
    if (applied.some(makesLazy)) refuseSecondColumns(await otherLazyTables(tx, schema), schema, beside)
    const others = applied.some(makesUsers) ? await otherAdapterTables(tx) : []
    if (!beside) refuseSecondSet(others)
    // PostgreSQL refuses even `if not exists` to a role without the right to create schemas.
    if (applied.length > 0 && !(await schemaExists(tx, schema)))
      await tx.execute(sql.raw(`create schema ${quoted(schema)}`))
    if (pending.length > 0 && !record) await createRecord(tx, recordTable, schema)
    for (const { statements } of applied)
      for (const statement of statements) await tx.execute(sql.raw(inSchema(statement, schema)))
    for (const { hash, createdAt } of pending) await tx.insert(recordTable).values({ hash, createdAt })
    return {
      ...NOTHING,
      applied: names(applied),
      baselined: names(baselined),
      recorded: names(recorded),
      ...(others.length > 0 && { beside: others }),
    }
  })
}

/**
 * Lists the migrations that {@link migrate} would run; none where the app's own migrations manage
 * the tables. Reads only.
 * @throws LazySetupError when migrating would
 */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const record = await readRecord(db, recordIn("public"))
  const columns = await readColumnTypes(db, "public")
  const [recorded, unrecorded] = split(MIGRATIONS, ({ createdAt }) => record?.has(createdAt) ?? false)
  if (recorded.length === 0 && LAZY_COLUMNS.every((column) => columns.has(column))) return []
  const pending = unrecorded.filter((migration) => !isThere(migration, columns))
  if (pending.length > 0) refuseOtherIds(columns)
  if (pending.some(makesLazy)) refuseSecondColumns(await otherLazyTables(db, "public"), "public", false)
  if (pending.some(makesUsers)) refuseSecondSet(await otherAdapterTables(db))
  return names(pending)
}

const NOTHING: MigrateReport = { applied: [], baselined: [], recorded: [], appManaged: false, missing: [] }

/** Names another schema in a statement; the generated ones name public. */
const inSchema = (statement: string, schema: string) => statement.replaceAll('"public".', `${quoted(schema)}.`)

const names = (migrations: readonly Migration[]) => migrations.map(({ name }) => name)

function split<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  const first = items.filter(belongs)
  return [first, items.filter((item) => !first.includes(item))]
}

/** The columns that `lazyColumns()` adds to the user table, by their names in the database. */
const LAZY_COLUMNS = Object.entries(getTableColumns(usersTable)).flatMap(([property, column]) =>
  property in lazyColumns() ? [`user.${column.name}`] : [],
)

/**
 * Defines the table that records applied migrations. It has the columns of Drizzle's own, but
 * another name, so that migrations of the app are never mixed up with these. Tables in a schema of
 * their own have their record there.
 */
const recordIn = (schema: string) =>
  pgSchema(schema === "public" ? "drizzle" : schema).table("__authjs_lazy_migrations", {
    id: serial("id").primaryKey(),
    hash: text("hash").notNull(),
    createdAt: bigint("created_at", { mode: "number" }).notNull(),
  })

type RecordTable = ReturnType<typeof recordIn>

/** Reads when the recorded migrations were generated; undefined without a record. */
async function readRecord(tx: Database, recordTable: RecordTable): Promise<Set<number> | undefined> {
  const { schema = "public", name } = getTableConfig(recordTable)
  if (!(await schemaHasTable(tx, schema, name))) return undefined
  return new Set((await tx.select().from(recordTable)).map(({ createdAt }) => createdAt))
}

async function createRecord(tx: Database, recordTable: RecordTable, schema: string): Promise<void> {
  if (schema === "public") await tx.execute(sql`create schema if not exists drizzle`)
  await tx.execute(
    sql`create table ${recordTable} (id serial primary key, hash text not null, created_at bigint not null)`,
  )
}

/** The SQL types of all columns in the schema, by `table.column`. */
type Columns = Map<string, string>

const tablesOf = (columns: Columns) => new Set([...columns.keys()].map(tableOf))
const tableOf = (column: string) => column.slice(0, column.indexOf("."))

/** Names a table once instead of each of its columns where the table as a whole is missing. */
function foldTables(missing: string[], columns: Columns): string[] {
  const tables = tablesOf(columns)
  return [...new Set(missing.map((column) => (tables.has(tableOf(column)) ? column : tableOf(column))))]
}

const OWN_MIGRATIONS =
  "Nothing was changed. Migrate tables of your own shape with drizzle-kit: spread lazyColumns() into the definition of the user table."

/**
 * Tells whether the database already has what a migration makes. A migration that makes no columns
 * leaves no trace, so it is run.
 * @throws LazySetupError when only a part is there, so that it can neither be run nor be recorded
 */
function isThere(migration: Migration, columns: Columns): boolean {
  if (migration.columns.length === 0) return false
  const missing = migration.columns.filter((column) => !columns.has(column))
  if (missing.length === 0) return true
  const tables = tablesOf(columns)
  const present = migration.tables.filter((table) => tables.has(table))
  if (present.length === 0 && missing.length === migration.columns.length) return false
  throw new LazySetupError(
    `The database has some of what ${migration.name} makes, or other tables of the same names; it lacks ` +
      `${foldTables(missing, columns).join(", ")}. ${OWN_MIGRATIONS}`,
  )
}

function refuseOtherIds(columns: Columns): void {
  const type = columns.get("user.id")
  if (type === undefined || type === "text" || type === "character varying") return
  throw new LazySetupError(`The ids in the table "user" are of type ${type}, not text. ${OWN_MIGRATIONS}`)
}

const makesLazy = ({ columns }: Migration) => columns.some((column) => LAZY_COLUMNS.includes(column))
const makesUsers = ({ tables }: Migration) => tables.includes("user")
