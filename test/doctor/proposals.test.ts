import { boolean, pgSchema, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { DoctorOptions } from "../../src/doctor.js"
import { LazyAdapter, lazyColumns, migrate, schema } from "../../src/drizzle.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

let database: PostgresDatabase
let patient: Patient
beforeAll(async () => {
  database = await emptyPostgres()
  patient = new Patient(database)
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.sql.unsafe(
    "drop schema if exists drizzle, app cascade; drop schema public cascade; create schema public",
  )
  await migrate(database.db)
  await database.sql.unsafe(`
    insert into "user" (id, email, "emailVerified") values ('ada', 'ada@example.com', now()), ('bob', null, null);
    insert into "user" (id, username, "lazySince", "seenAt") values ('lazy', 'guest-1', now(), now());
    insert into account ("userId", type, provider, "providerAccountId") values ('ada', 'oauth', 'github', '1');
    insert into session values ('token', 'ada', now());
    insert into password ("userId", hash) values ('ada', 'hash')`)
})

/** Runs every statement that is proposed, round by round, until nothing but advice is left. */
async function heal(options: DoctorOptions = {}): Promise<string[]> {
  for (let round = 0; round < 6; round++) {
    const open = (await patient.findings(options)).filter(({ fix }) => /^(alter|create|drop|delete|grant)\b/.test(fix))
    if (open.length === 0) break
    for (const { fix } of open) await patient.paste(fix)
  }
  return (await patient.findings(options))
    .filter(({ severity }) => severity !== "info")
    .map(({ code, where }) => `${code} ${where}`)
}

describe("statements of the doctor run as they are printed, on tables with rows, where", () => {
  it.each([
    [
      "an address is verified by a boolean",
      `alter table "user" alter column "emailVerified" type boolean using "emailVerified" is not null`,
    ],
    [
      "that boolean is NOT NULL and has a default",
      `alter table "user" alter column "emailVerified" type boolean using "emailVerified" is not null; alter table "user" alter "emailVerified" set default false, alter "emailVerified" set not null`,
    ],
    [
      "moments are milliseconds",
      `alter table "user" alter column "seenAt" type bigint using extract(epoch from "seenAt")::bigint * 1000`,
    ],
    [
      "moments are seconds",
      `alter table session alter column expires type integer using extract(epoch from expires)::int`,
    ],
    ["moments are days", `alter table "user" alter column "convertedAt" type date using "convertedAt"::date`],
    ["moments are JSON", `alter table "user" alter column "convertedAt" type jsonb using to_jsonb("convertedAt")`],
    ["moments are text", `alter table "user" alter column "lazySince" type text`],
    ["a flag is a number", `alter table authenticator alter column "credentialBackedUp" type smallint using 0`],
    ["a counter is a moment", `alter table authenticator alter column counter type timestamp using now()`],
    [
      "a name is a number",
      `alter table "user" drop column username; alter table "user" add column username integer generated always as identity unique`,
    ],
    ["a column with values everywhere is gone", `alter table session drop column expires`],
    ["the owner of every row is gone", `alter table account drop column "userId"`],
    [
      "a column of the primary key gets no value: text",
      `alter table account drop constraint "account_provider_providerAccountId_pk"; alter table account add id text not null default 'x'; alter table account alter id drop default, add primary key (id), add unique (provider, "providerAccountId")`,
    ],
    [
      "a column of the primary key gets no value: uuid",
      `alter table session add id uuid default gen_random_uuid(); alter table session drop constraint session_pkey, add primary key (id), add unique ("sessionToken"); alter table session alter id drop default`,
    ],
    [
      "a column of the primary key gets no value: integer",
      `alter table session add id serial; alter table session drop constraint session_pkey, add primary key (id), add unique ("sessionToken"); alter table session alter id drop default`,
    ],
    [
      "a column of the primary key gets no value: a day",
      `alter table session add day date default now(); alter table session drop constraint session_pkey, add primary key ("sessionToken", day), add unique ("sessionToken"); alter table session alter day drop default`,
    ],
    [
      "a key that sets null is part of a primary key",
      `create table seat (id text references "user" on delete set null, n int, primary key (id, n)); insert into seat values ('bob', 1)`,
    ],
    [
      "users hang on another table by their primary key",
      `create table person (id text primary key, "userId" text references "user" on delete cascade); create index on person ("userId"); insert into person select id from "user"; alter table "user" add foreign key (id) references person on delete cascade`,
    ],
    [
      "a table of the app holds users back",
      `create table note (owner text not null references "user", at int); insert into note values ('bob', 1)`,
    ],
    [
      "partitions hold users back",
      `create table note (owner text references "user", at int) partition by list (at); create table note_1 partition of note for values in (1); insert into note values ('bob', 1)`,
    ],
    [
      "a table is published without an identity",
      `create table note (owner text references "user" on delete cascade); create index on note (owner); create publication all_rows for all tables`,
    ],
    [
      "a table says that it has no identity",
      `alter table account replica identity nothing; create publication accounts for table account with (publish = 'update')`,
    ],
  ])("%s", async (_, harm) => {
    await database.sql.unsafe("drop publication if exists all_rows; drop publication if exists accounts")
    await patient.paste(harm)
    expect((await patient.findings()).filter(({ severity }) => severity !== "info")).not.toEqual([])
    expect(await heal()).toEqual([])
    await database.sql.unsafe("drop publication if exists all_rows; drop publication if exists accounts")
    const { lazy } = LazyAdapter(database.db)
    const { user } = await lazy.createLazyUser()
    expect(await lazy.deleteLazyUser(user.id)).toBe(true)
  })

  it("ids are numbers, in all tables at once, with their keys", async () => {
    await database.sql.unsafe(`delete from session; delete from account; delete from password; delete from "user"`)
    const tables = ["account", "session", "password", "authenticator"]
    await database.sql.unsafe(`
      ${tables.map((name) => `alter table ${name} drop constraint "${name}_userId_user_id_fk";`).join("")}
      alter table "user" alter id type int using id::int, alter id add generated by default as identity;
      ${tables.map((name) => `alter table ${name} alter "userId" type int using "userId"::int, add constraint "${name}_userId_user_id_fk" foreign key ("userId") references "user" on delete cascade;`).join("")}
      insert into "user" (email) values ('ada@example.com');
      insert into session select 'token', id, now() from "user"`)
    expect(await heal()).toEqual([])
    expect(await database.query(`select "userId" from session`)).toEqual([{ userId: "1" }])
  })

  it("a column is NOT NULL that has to take null, and part of a key: a comment says what to do", async () => {
    await patient.paste(`update "user" set username = id; alter table password drop constraint "password_userId_user_id_fk"; alter table session drop constraint "session_userId_user_id_fk";
      alter table account drop constraint "account_userId_user_id_fk"; alter table authenticator drop constraint "authenticator_userId_user_id_fk"; alter table "user" drop constraint user_pkey, add primary key (username), add unique (id)`)
    const { fix } = await patient.finding("column_null")
    expect(fix).toMatch(/^-- user\.username is part of a key/)
    await patient.paste(fix)
  })

  it("an attempt to make a rule met duplicates, and left an index behind", async () => {
    await patient.paste(
      `alter table "user" drop constraint user_email_unique; update "user" set email = 'twice@example.com'`,
    )
    const { fix } = await patient.finding("missing_unique")
    await expect(patient.paste(fix)).rejects.toThrow("could not create unique index")
    await patient.paste(`update "user" set email = id || '@example.com'`)
    expect(await heal()).toEqual([])
  })

  it("own tables are missing, in a schema that is missing, beside default ones", async () => {
    const app = pgSchema("app")
    const usersTable = app.table("members", {
      id: uuid("id").primaryKey(),
      name: text("name"),
      email: text("email").unique(),
      emailVerified: timestamp("emailVerified", { mode: "date" }),
      image: text("image"),
      isAdmin: boolean("isAdmin").notNull().default(false),
      ...lazyColumns(),
    })
    const sessionsTable = app.table("logins", {
      sessionToken: text("sessionToken").primaryKey(),
      userId: uuid("userId")
        .notNull()
        .references(() => usersTable.id, { onDelete: "cascade" }),
      expires: timestamp("expires", { mode: "date" }).notNull(),
    })
    const accountsTable = pgTable("identities", {
      userId: uuid("userId")
        .notNull()
        .references(() => usersTable.id, { onDelete: "cascade" }),
      type: text("type").notNull(),
      provider: text("provider").notNull(),
      providerAccountId: text("providerAccountId").notNull(),
    })
    const own = { tables: { usersTable, sessionsTable, accountsTable }, beside: true }
    await database.sql.unsafe(`drop table authenticator, "verificationToken"`)
    expect(await heal(own)).toEqual([])
    const { user } = await LazyAdapter(database.db, own.tables).lazy.createLazyUser()
    expect(user.lazySince).toBeInstanceOf(Date)
    expect(schema.usersTable).not.toBe(usersTable)
  })
})
