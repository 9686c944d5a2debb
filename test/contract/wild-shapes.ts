import { sql } from "drizzle-orm"
import { pgSchema, pgTable } from "drizzle-orm/pg-core"
import { type Database, LazyAdapter, type LazyAdapterOptions } from "../../src/drizzle.js"
import { buildTables, plain } from "./shape-builder.js"
import { type TableShape, tableShapes } from "./table-shapes.js"

const shapeOf = (shape: string, tables: LazyAdapterOptions, more: Partial<TableShape> = {}): TableShape => ({
  shape,
  definitions: { ...tables },
  adapt: (db, more) => LazyAdapter(db, { ...tables, ...more }),
  isWild: true,
  ...more,
})

const auth = pgSchema("auth")

const everything = buildTables({ users: auth.table, rest: auth.table })

const apart = buildTables({ users: auth.table, rest: pgTable })

/** Makes tables with the app's names, in the schema that an unqualified name finds. */
const decoys = (names: string[]) => async (db: Database) => {
  for (const name of names)
    await db.execute(sql.raw(`create table public."${name}" (id text, "userId" text, "sessionToken" text)`))
}

/** Takes the string that stands for a quotation mark. */
const oddNames = (quote: string) =>
  buildTables({
    users: pgSchema(`The ${quote}App${quote}`).table,
    rest: pgSchema(`The ${quote}App${quote}`).table,
    names: {
      users: "user",
      accounts: "Account of O'Hara",
      sessions: "SESSION",
      tokens: "order",
      authenticators: "a.b",
      passwords: `the ${quote}secret${quote}`,
      outcomes: "100 %",
    },
    column: (property) => `The ${quote}${property}${quote}`,
  })

/** drizzle-kit does not double quotation marks, so the names get them afterwards: those of columns first. */
const addQuotes = (db: Database) =>
  db.execute(sql`do $$
    declare statement text;
    begin
      foreach statement in array array(
        select format('alter table %s rename column %I to %I', attrelid::regclass, attname, replace(attname, '”', '"'))
        from pg_attribute join pg_class on pg_class.oid = attrelid where relkind = 'r' and attname like '%”%'
      ) || array(
        select format('alter table %s rename to %I', oid::regclass, replace(relname, '”', '"'))
        from pg_class where relkind = 'r' and relname like '%”%'
      ) || array(
        select format('alter schema %I rename to %I', nspname, replace(nspname, '”', '"'))
        from pg_namespace where nspname like '%”%'
      ) loop
        execute statement;
      end loop;
    end $$`)

/** Reserved words for columns. */
const column = (property: string) =>
  ({ id: "primary", userId: "references", expires: "when", name: "order" })[property] ?? property

/** Names that our own statements give to their steps, and reserved words. */
const ownNames = [
  { users: "owner", sessions: "lazy_user", accounts: "grant", passwords: "gone", outcomes: "happened" },
  { users: "lazy", sessions: "refreshed", accounts: "claim", passwords: "table", outcomes: "days" },
  { users: "user", sessions: "locked_user", accounts: "purge_gone", passwords: "candidate", outcomes: "lazy" },
]

const jwtOnly = () => {
  const { usersTable, passwordsTable, accountsTable } = buildTables({ ...plain })
  return { usersTable, passwordsTable, accountsTable }
}

/** Recreates a table, partitioned by hash. */
const partition = (table: string, column: string, constraints: string) => `
  alter table ${table} rename to flat;
  create table ${table} (like flat including defaults, ${constraints}) partition by hash (${column});
  drop table flat cascade;
  create table ${table}_0 partition of ${table} for values with (modulus 2, remainder 0);
  create table ${table}_1 partition of ${table} for values with (modulus 2, remainder 1)`

const ofUser = `foreign key ("userId") references users on delete cascade`

/** Lists shapes of tables seen in apps, and the worst names and types that an app can use. */
const wildShapes: TableShape[] = [
  shapeOf("every table in a schema of its own", everything, {
    definitions: { auth, ...everything },
    prepare: decoys(["users", "sessions", "accounts", "passwords", "authenticators", "lazy_outcomes"]),
  }),
  shapeOf("users in a schema of their own, the others in public", apart, {
    definitions: { auth, ...apart },
    prepare: decoys(["users"]),
  }),
  shapeOf("quotes and capitals in every name", oddNames('"'), {
    definitions: { odd: pgSchema("The ”App”"), ...oddNames("”") },
    tables: oddNames('"'),
    prepare: async (db) => void (await addQuotes(db)),
  }),
  ...ownNames.map((names, n) =>
    shapeOf(`names that our statements use, ${n + 1}`, buildTables({ ...plain, names, column })),
  ),
  shapeOf("a schema that only the search path names", buildTables(plain), { searchPath: "app" }),
  shapeOf("citext addresses and char(36) ids", buildTables({ ...plain, idType: "char(36)", addressType: "citext" }), {
    extension: "citext",
  }),
  shapeOf(
    "timestamps to the second without time zone",
    buildTables({ ...plain, times: { withTimezone: false, precision: 0 } }),
  ),
  shapeOf("partitioned sessions and accounts", buildTables(plain), {
    prepare: async (db) => {
      const statements = [
        partition("sessions", `"sessionToken"`, `primary key ("sessionToken"), ${ofUser}`),
        partition("accounts", "provider", `primary key (provider, "providerAccountId"), ${ofUser}`),
      ]
      await db.execute(sql.raw(statements.join(";")))
    },
  }),
]

/** Apps with JWT sessions leave tables out. */
export const jwtShapes: TableShape[] = [shapeOf("no table for sessions or passkeys", jwtOnly())]

/** Lists the shapes with a table for sessions. */
export const everyShape: TableShape[] = [...tableShapes, ...wildShapes]
