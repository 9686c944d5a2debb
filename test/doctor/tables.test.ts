import { sql } from "drizzle-orm"
import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { readOnly } from "../../src/doctor/server/read-only.js"
import { checkServer } from "../../src/doctor/server/read-server.js"
import { LazyAdapter, migrate, schema } from "../../src/drizzle.js"
import { queryRows } from "../../src/store/sql/query.js"
import {
  drivers,
  dropEverything,
  emptyPostgres,
  type PostgresDatabase,
  postgresDatabase,
  recreateTables,
} from "../setup/databases.js"
import { since } from "../setup/server-version.js"
import { Patient } from "./patient.js"

describe.each(drivers)("a database in good health on $driver", ({ open }) => {
  it("gives no errors and no warnings", async () => {
    const database = await open()
    const patient = new Patient(database)
    expect(await patient.summary()).toEqual([])
    expect((await patient.examine()).purgeable).toBe(0)
    await database.close()
  })
})

describe("the default tables", () => {
  let database: PostgresDatabase
  let patient: Patient

  beforeAll(async () => {
    database = await postgresDatabase()
    patient = new Patient(database)
  })
  beforeEach(() => recreateTables(database))
  afterAll(() => database.close())

  const cases: { problem: string; harm: string; found: string[] }[] = [
    {
      problem: "a column of the user table is missing",
      harm: `alter table "user" drop column "seenAt"`,
      found: ["error missing_column user.seenAt"],
    },
    {
      problem: "the name of a lazy user has no place",
      harm: `alter table "user" drop column username`,
      found: ["error missing_column user.username"],
    },
    {
      problem: "the passwords table is missing",
      harm: `drop table password`,
      found: ["error missing_table password"],
    },
    {
      problem: "the table for statistics is missing",
      harm: `drop table "lazyOutcome"`,
      found: ["error missing_table lazyOutcome"],
    },
    {
      problem: "the accounts table is missing",
      harm: `drop table account`,
      found: ["error missing_table account"],
    },
    {
      problem: "a moment is kept as text",
      harm: `alter table "user" alter column "convertedAt" type text`,
      found: ["error column_type user.convertedAt"],
    },
    {
      problem: "a hash is kept as bytes",
      harm: `alter table password alter column hash type bytea using hash::bytea`,
      found: ["error column_type password.hash"],
    },
    {
      problem: "ids don't fit",
      harm: `alter table "lazyOutcome" alter column id type varchar(20)`,
      found: ["error column_type lazyOutcome.id"],
    },
    {
      problem: "generated names don't fit",
      harm: `alter table "user" alter column username type varchar(8)`,
      found: ["error column_type user.username"],
    },
    {
      problem: "tokens of sessions don't fit",
      harm: `alter table session alter column "sessionToken" type varchar(20)`,
      found: ["error column_type session.sessionToken"],
    },
    {
      problem: "every passkey has to name its transports",
      harm: `alter table authenticator alter column transports set not null`,
      found: ["error column_required authenticator.transports"],
    },
    {
      problem: "everybody has to have a name to sign in with",
      harm: `alter table "user" alter column username set not null`,
      found: ["error column_null user.username"],
    },
    {
      problem: "an outcome has to have a way",
      harm: `alter table "lazyOutcome" alter column way set not null`,
      found: ["error column_null lazyOutcome.way"],
    },
    {
      problem: "everybody looks lazy",
      harm: `alter table "user" alter column "lazySince" set default now()`,
      found: ["error column_default user.lazySince"],
    },
    {
      problem: "users have to have a picture",
      harm: `alter table "user" alter column image set not null`,
      found: ["error column_required user.image"],
    },
    {
      problem: "a column that the definition does not know wants a value",
      harm: `alter table session add column device text not null`,
      found: ["error column_required session.device"],
    },
    {
      problem: "two people can have one name",
      harm: `alter table "user" drop constraint user_username_unique`,
      found: ["error missing_unique user.username"],
    },
    {
      problem: "two people can have one address",
      harm: `alter table "user" drop constraint user_email_unique`,
      found: ["error missing_unique user.email"],
    },
    {
      problem: "one identity can belong to two users",
      harm: `alter table account drop constraint "account_provider_providerAccountId_pk"`,
      found: ["error missing_unique account.provider, providerAccountId"],
    },
    ...since(15, [
      {
        problem: "there can be one user without an address",
        harm: `alter table "user" drop constraint user_email_unique, add constraint mail unique nulls not distinct (email)`,
        found: ["error unique_nulls user.email"],
      },
      {
        problem: "there can be one user without an address, by an index",
        harm: `alter table "user" drop constraint user_email_unique; create unique index on "user" (email) nulls not distinct`,
        found: ["error unique_nulls user.email"],
      },
    ]),
    {
      problem: "the purge has no index",
      harm: `drop index user_lazy_idx`,
      found: ["warning purge_index user"],
    },
    {
      problem: "the index of the purge leaves lazy users out",
      harm: `drop index user_lazy_idx; create index user_old on "user" ("seenAt") where "convertedAt" is not null`,
      found: ["warning purge_index user"],
    },
    {
      problem: "the index of the purge has no id, so users with one seenAt are sorted for each batch",
      harm: `drop index user_lazy_idx; create index user_old on "user" ("seenAt") where "lazySince" is not null and "convertedAt" is null`,
      found: ["warning purge_index user"],
    },
    {
      problem: "sessions have no index by user",
      harm: `drop index "session_userId_idx"`,
      found: ["warning lookup_index session.userId"],
    },
    {
      problem: "accounts have neither an index by user nor a foreign key",
      harm: `drop index "account_userId_idx"; alter table account drop constraint "account_userId_user_id_fk"`,
      found: ["warning lookup_index account.userId"],
    },
  ]

  it.each(cases)("where $problem: a finding, whose fix heals it", async ({ harm, found }) => {
    await patient.paste(harm)
    expect(await patient.summary()).toEqual(expect.arrayContaining(found))
    // A table that has gone may leave more to heal behind it, such as indexes.
    for (let left = await patient.findings(); left[0]; left = await patient.findings()) {
      await patient.paste(left[0].fix)
      expect(await patient.findings()).not.toContainEqual(left[0])
    }
    expect(await patient.summary()).toEqual([])
    await LazyAdapter(database.db).lazy.createLazyUser({ generateName: () => "guest-0123456789" })
  })

  it.each([
    `create index whatever on "user" ("seenAt", id)`,
    `create index whatever on "user" ("seenAt", id) where "lazySince" is not null`,
    `create index whatever on "user" ("seenAt" desc, id desc) where "convertedAt" is null and "seenAt" is not null and "lazySince" is not null`,
  ])("knows an index for the purge by what it holds: %s", async (index) => {
    await patient.paste(`drop index user_lazy_idx; ${index}`)
    expect(await patient.summary()).toEqual([])
  })

  it("has an index that was never finished made anew", async () => {
    await patient.paste(`drop index user_lazy_idx;
      insert into "user" (id, "seenAt", "lazySince") values ('1', now(), now()), ('2', now(), now())`)
    // What a `concurrently` that was interrupted leaves behind.
    await patient.paste(
      `create index broken on "user" ("seenAt", id) where "lazySince" is not null and "convertedAt" is null`,
    )
    await patient.paste(`update pg_index set indisvalid = false where indexrelid = 'broken'::regclass`)
    const finding = await patient.finding("purge_index")
    expect(finding.fix).toBe("reindex index concurrently public.broken;")
    await patient.paste(finding.fix)
    expect((await patient.summary()).filter((line) => line.includes("purge_index"))).toEqual([])
  })

  it("says that lazy users need an address where the column is NOT NULL", async () => {
    await patient.paste(`alter table "user" alter column email set not null`)
    expect(await patient.findings()).toEqual([
      expect.objectContaining({ code: "email_required", severity: "info", where: "user.email" }),
    ])
  })

  it("takes no offence at a unique rule on an expression, or on some of the rows", async () => {
    await patient.paste(`alter table "user" drop constraint user_email_unique, drop constraint user_username_unique;
      create unique index on "user" (lower(email)); create unique index on "user" (username) where username <> ''`)
    expect(await patient.summary()).toEqual([])
  })

  it("misses no table that nothing uses", async () => {
    await patient.paste(`drop table authenticator; drop table "verificationToken"`)
    expect(await patient.summary()).toEqual([
      "info missing_table verificationToken",
      "info missing_table authenticator",
    ])
  })

  it("finds a declared column that is not there, and says how to make it", async () => {
    const event = pgTable("event", { actor: text("actor") })
    const tables = { references: [event.actor] }
    const first = await patient.finding("missing_reference", { tables })
    await patient.paste(first.fix)
    expect(await patient.summary({ tables })).toEqual(["warning lookup_index event.actor"])
    await patient.paste(`alter table event rename actor to who`)
    await patient.paste((await patient.finding("missing_reference", { tables })).fix)
    await patient.paste((await patient.finding("lookup_index", { tables })).fix)
    expect(await patient.summary({ tables })).toEqual([])
  })

  it("is examined in transactions that can neither write nor take long", async () => {
    await expect(readOnly(database.db, (tx) => tx.execute(`create table mine ()`))).rejects.toMatchObject({
      cause: { code: "25006" },
    })
    const [limit] = await readOnly(database.db, (tx) => queryRows(tx, sql`show statement_timeout`))
    expect(limit).toEqual({ statement_timeout: "10s" })
    expect(await database.query(`show statement_timeout`)).toEqual([{ statement_timeout: "0" }])
  })

  it.each(["username", "email", "emailVerified", "constructor"])(
    "asks for a value of a column %s that the app has added to another table than that of the users",
    async (name) => {
      await database.query(`alter table session add column "${name}" text not null`)
      const sessionsTable = pgTable("session", {
        sessionToken: text("sessionToken").primaryKey(),
        userId: text("userId")
          .notNull()
          .references(() => schema.usersTable.id, { onDelete: "cascade" }),
        expires: timestamp("expires", { mode: "date" }).notNull(),
        [name]: text(name),
      })
      expect(await patient.summary({ tables: { ...schema, sessionsTable } })).toEqual([
        `error column_required session.${name}`,
      ])
    },
  )
})

describe("the default tables in a database with settings of its own", () => {
  let database: PostgresDatabase
  let patient: Patient

  beforeEach(async () => {
    database = await postgresDatabase()
    patient = new Patient(database)
  })
  afterEach(() => database.close())

  it("is examined without a write, where none is possible", async () => {
    const name = new URL(database.url).pathname.slice(1)
    await patient.paste(`alter database "${name}" set default_transaction_read_only = on`)
    expect(await onNewConnection((patient) => patient.summary())).toEqual([])
  })

  it("asks for tables to be counted where the server does not", async () => {
    const name = new URL(database.url).pathname.slice(1)
    await patient.paste(`alter database "${name}" set track_counts = off`)
    const finding = await onNewConnection((patient) => patient.finding("track_counts"))
    expect(finding).toMatchObject({ severity: "warning", fix: `alter database "${name}" set track_counts = on;` })
    await patient.paste(finding.fix)
    expect(await onNewConnection((patient) => patient.summary())).toEqual([])
  })

  it("asks the role to count where the role does not", async () => {
    const name = new URL(database.url).pathname.slice(1)
    const [row] = await database.query("select current_user as role")
    await patient.paste(`alter role "${row?.role}" in database "${name}" set track_counts = off`)
    const finding = await onNewConnection((patient) => patient.finding("track_counts"))
    await patient.paste(finding.fix)
    expect(await onNewConnection((patient) => patient.summary())).toEqual([])
  })

  async function onNewConnection<Result>(look: (patient: Patient) => Promise<Result>): Promise<Result> {
    const client = postgres(database.url, { max: 1 })
    try {
      return await look(new Patient({ ...database, db: drizzle(client) }))
    } finally {
      await client.end()
    }
  }
})

describe("migrations", () => {
  let database: PostgresDatabase
  let patient: Patient

  beforeAll(async () => {
    database = await emptyPostgres()
    patient = new Patient(database)
  })
  beforeEach(() => dropEverything(database))
  afterAll(() => database.close())

  it("are asked for in an empty database, and nothing else is", async () => {
    const [finding, ...others] = await patient.findings()
    expect(finding).toMatchObject({ code: "migrations_pending", severity: "error", fix: "npx authjs-lazy migrate" })
    expect(finding?.message).toContain("0000_auth, 0001_authenticator, 0002_lazy, 0003_lazy_outcome")
    expect(others).toEqual([])
    await migrate(database.db)
    expect(await patient.summary()).toEqual([])
  })

  it("are asked for where the library has got ahead of the database", async () => {
    await migrate(database.db)
    await patient.paste(`drop table "lazyOutcome";
      delete from drizzle.__authjs_lazy_migrations where id = (select max(id) from drizzle.__authjs_lazy_migrations)`)
    expect((await patient.finding("migrations_pending")).message).toContain(": 0003_lazy_outcome not applied")
    await migrate(database.db)
    expect(await patient.summary()).toEqual([])
  })

  it("are not, where the search path leads elsewhere", async () => {
    const name = new URL(database.url).pathname.slice(1)
    await migrate(database.db)
    await patient.paste(`alter schema public rename to app; alter database "${name}" set search_path = app`)
    const client = postgres(database.url, { max: 1 })
    expect(await new Patient({ ...database, db: drizzle(client) }).summary()).toEqual([])
    await client.end()
    await database.query(`alter database "${name}" reset search_path`)
  })

  it("are not, where they can't be run: then what is missing is found piece by piece", async () => {
    await migrate(database.db)
    await patient.paste(`drop schema drizzle cascade; alter table "user" drop column "convertedAt"`)
    expect(await patient.summary()).toContain("error missing_column user.convertedAt")
  })
})

it("refuses a server that is too old", () => {
  const facts = { database: "app", role: "app", trackCounts: true, trackCountsSource: "default" }
  expect(checkServer({ ...facts, version: 130_022 }).map(({ code }) => code)).toEqual(["server_version"])
  expect(checkServer({ ...facts, version: 140_000 })).toEqual([])
})
