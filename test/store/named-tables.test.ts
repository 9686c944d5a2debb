import { getTableColumns } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import { describe, expect, it, onTestFinished } from "vitest"
import { LazyAdapter, lazyOutcomesTable } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/index.js"
import { namedTables, renamedTables } from "../../src/store/tables/named-tables.js"
import { NAMED_TABLES, type TableNames } from "../../src/store/tables/table-place.js"
import { createTables } from "../contract/create-tables.js"
import { unique } from "../contract/fixtures.js"
import { type TableShape, tableShapes } from "../contract/table-shapes.js"
import { emptyPglite, emptyPostgres, type TestDatabase } from "../setup/databases.js"

/** What somebody who has these tables types. */
function namesIn({ definitions }: TableShape): TableNames {
  const given = NAMED_TABLES.filter((option) => option in definitions).map((option) => {
    const { schema, name } = getTableConfig(definitions[option] as PgTable)
    return { option, schema, name }
  })
  return {
    schema: given[0]?.schema,
    tables: Object.fromEntries(given.map(({ option, name }) => [option, name])),
  }
}

async function databaseOf(shape: TableShape, open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open()
  onTestFinished(database.close)
  await createTables(database.db, shape.definitions, shape.casing)
  return database
}

// Of one, the end of a session is called `expires_at`, which nobody can guess; of another, Drizzle has to be told how to find the names.
const understood = tableShapes.filter(({ shape }) => !shape.includes("snake_case"))

describe.each([
  ["postgres.js", emptyPostgres],
  ["PGlite", emptyPglite],
])("tables made from what the database says (%s)", (_, open) => {
  it.each(understood)("purge and count $shape", async (shape) => {
    const { db } = await databaseOf(shape, open)
    const name = () => unique("lazy")
    const generateEmail = () => `${unique("lazy")}@lazy.invalid`
    for (let n = 0; n < 3; n++)
      await shape
        .adapt(db)
        .lazy.createLazyUser({ generateName: name, generateEmail: shape.emailRequired ? generateEmail : undefined })
    const { lazy } = LazyAdapter(db, await namedTables(db, namesIn(shape)))
    expect(await lazy.stats()).toMatchObject({ lazyUsers: 3 })
    expect(await lazy.purge({ limit: 2 })).toMatchObject({ purged: 0, failures: 0 })
    expect(await lazy.purge({ limit: 2, olderThan: 0, force: true })).toMatchObject({ purged: 2, failures: 0 })
    expect(await lazy.stats()).toMatchObject({ lazyUsers: 1 })
  })

  it("need no other names than those of the search path", async () => {
    const shape = tableShapes.find(({ shape }) => shape === "the default tables") as TableShape
    const { db } = await databaseOf(shape, open)
    const { usersTable, lazyOutcomesTable: outcomes, ...others } = await namedTables(db, { tables: {} })
    const types = (table: unknown) =>
      Object.entries<AnyPgColumn>(getTableColumns(table as PgTable)).map(([property, column]) => [
        property,
        column.name,
        column.getSQLType(),
      ])
    expect(types(outcomes)).toEqual(types(lazyOutcomesTable))
    expect(Object.keys(others).toSorted()).toEqual([
      "accountsTable",
      "authenticatorsTable",
      "passwordsTable",
      "sessionsTable",
      "verificationTokensTable",
    ])
    expect(types(usersTable)).toContainEqual(["lazySince", "lazySince", "timestamp with time zone"])
    expect(await renamedTables(db, { tables: {} })).toEqual({})
  })
})

it("a column that is needed and has a name of its own is named", async () => {
  const shape = tableShapes.find(({ shape }) => shape === "snake_case column names") as TableShape
  const { db } = await databaseOf(shape, emptyPostgres)
  const tables = namedTables(db, namesIn(shape))
  await expect(tables).rejects.toThrow(LazySetupError)
  await expect(tables).rejects.toThrow('The table "app_sessions" lacks expires.')
})

describe("tables that nobody has named", () => {
  async function databaseWith(statements: string): Promise<TestDatabase> {
    const database = await emptyPostgres()
    onTestFinished(database.close)
    await database.query(statements)
    return database
  }

  const users = `("id" text primary key, "lazySince" timestamptz, "convertedAt" timestamptz, "seenAt" timestamptz)`

  it("are looked for where users could have a live session, which is not to be overlooked", async () => {
    const { db, query } = await databaseWith(`create table users ${users};
      create table sessions (session_token text primary key, user_id text references users, expires timestamptz)`)
    const named = namedTables(db, { tables: { usersTable: "users" } })
    await expect(named).rejects.toThrow("sessions looks like one: name it by --sessions-table")
    await namedTables(db, { tables: { usersTable: "users", sessionsTable: "sessions" } })
    await query("drop table sessions")
    await namedTables(db, { tables: { usersTable: "users" } })
  })

  it("are not those of another schema than the one that was asked for", async () => {
    const { db } = await databaseWith(`create schema app;
      create table public."user" ${users}; create table app."user" ${users}`)
    await namedTables(db, { schema: "public", tables: {} })
    await db.transaction(async (tx) => {
      await tx.execute("set local search_path = app, public")
      await expect(namedTables(tx, { schema: "public", tables: {} })).rejects.toThrow(
        "is not a table of the schema public",
      )
    })
  })
})
