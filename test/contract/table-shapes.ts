import type { AdapterAccountType } from "@auth/core/adapters"
import { sql } from "drizzle-orm"
import {
  bigserial,
  boolean,
  integer,
  jsonb,
  pgEnum,
  pgSchema,
  pgTable,
  primaryKey,
  serial,
  text,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core"
import {
  type Database,
  LazyAdapter,
  type LazyAdapterOptions,
  lazyColumns,
  lazyIndex,
  schema,
} from "../../src/drizzle.js"
import { type PrismaTablesOptions, prismaTables } from "../../src/prisma.js"
import type { Definitions } from "./create-tables.js"

/** Options of the adapter beside the tables. */
export type AppOptions = Pick<LazyAdapterOptions, "credentials" | "references" | "activeUsers">

/** Describes one way in which apps define their tables. */
export interface TableShape {
  shape: string
  definitions: Definitions
  /**
   * The tables that the app queries, when drizzle-kit gets others.
   * @default `definitions`
   */
  tables?: Definitions
  casing?: "snake_case"
  /** True when the user table requires an e-mail address. */
  emailRequired?: boolean
  /** True for a shape that tries names and types, which all drivers treat alike. */
  isWild?: true
  /**
   * Schema in which the search path finds the tables.
   * @default "public"
   */
  searchPath?: string
  /** The PostgreSQL extension that defines one of the types. */
  extension?: string
  /** Creates what drizzle-kit can't. */
  prepare?: (db: Database) => Promise<void>
  /** Makes the adapter. Each shape has a call of its own, so that the compiler checks its types. */
  adapt: (db: Database, more?: AppOptions) => LazyAdapter
}

const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })

const accountColumns = () => ({
  type: text("type").$type<AdapterAccountType>().notNull(),
  provider: text("provider").notNull(),
  providerAccountId: text("providerAccountId").notNull(),
  refresh_token: text("refresh_token"),
  access_token: text("access_token"),
  expires_at: integer("expires_at"),
  token_type: text("token_type"),
  scope: text("scope"),
  id_token: text("id_token"),
  session_state: text("session_state"),
})

const authenticatorColumns = () => ({
  credentialID: text("credentialID").notNull().unique(),
  providerAccountId: text("providerAccountId").notNull(),
  credentialPublicKey: text("credentialPublicKey").notNull(),
  counter: integer("counter").notNull(),
  credentialDeviceType: text("credentialDeviceType").notNull(),
  credentialBackedUp: boolean("credentialBackedUp").notNull(),
  transports: text("transports"),
})

function uuidWithDefault() {
  const usersTable = pgTable(
    "users",
    {
      id: uuid("id").primaryKey().defaultRandom(),
      name: text("name"),
      email: text("email").unique(),
      emailVerified: moment("emailVerified"),
      image: text("image"),
      ...lazyColumns(),
    },
    (user) => [lazyIndex(user, "users_lazy_idx")],
  )
  const userId = () =>
    uuid("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("accounts", { userId: userId(), ...accountColumns() }, (account) => [
    primaryKey({ columns: [account.provider, account.providerAccountId] }),
  ])
  const sessionsTable = pgTable("sessions", {
    sessionToken: text("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const authenticatorsTable = pgTable("authenticators", { userId: userId(), ...authenticatorColumns() })
  const passwordsTable = pgTable("passwords", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
  })
  const { verificationTokensTable } = schema
  const tables = {
    usersTable,
    accountsTable,
    sessionsTable,
    authenticatorsTable,
    passwordsTable,
    verificationTokensTable,
  }
  return { definitions: tables, adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }) }
}

function uuidWithoutDefault() {
  const usersTable = pgTable("users", {
    id: uuid("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
  })
  const userId = () =>
    uuid("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("accounts", { userId: userId(), ...accountColumns() })
  const sessionsTable = pgTable("sessions", {
    sessionToken: uuid("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const passwordsTable = pgTable("passwords", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return { definitions: tables, adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }) }
}

function varcharEverywhere() {
  const string = (name: string) => varchar(name, { length: 255 })
  const usersTable = pgTable("users", {
    id: varchar("id", { length: 36 }).primaryKey(),
    name: string("name"),
    email: string("email").unique(),
    emailVerified: timestamp("emailVerified"),
    image: string("image"),
    username: varchar("username", { length: 40 }).unique(),
    lazySince: timestamp("lazySince"),
    convertedAt: timestamp("convertedAt"),
    seenAt: timestamp("seenAt"),
  })
  const userId = () =>
    varchar("userId", { length: 36 })
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("accounts", {
    userId: userId(),
    ...accountColumns(),
    type: string("type").notNull(),
    provider: string("provider").notNull(),
    providerAccountId: string("providerAccountId").notNull(),
  })
  const sessionsTable = pgTable("sessions", {
    sessionToken: string("sessionToken").primaryKey(),
    userId: userId(),
    expires: timestamp("expires").notNull(),
  })
  const passwordsTable = pgTable("passwords", {
    userId: userId().primaryKey(),
    hash: string("hash").notNull(),
    updatedAt: timestamp("updatedAt").notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return { definitions: tables, adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }) }
}

function emailRequired() {
  const usersTable = pgTable("users", {
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").notNull().unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
  })
  const userId = () =>
    text("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("accounts", { userId: userId(), ...accountColumns() })
  const sessionsTable = pgTable("sessions", {
    sessionToken: text("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const passwordsTable = pgTable("passwords", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return {
    definitions: tables,
    adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }),
    emailRequired: true,
  }
}

function snakeCaseColumns() {
  const usersTable = pgTable(
    "app_users",
    {
      id: text("user_id").primaryKey(),
      name: text("display_name"),
      email: text("email_address").unique(),
      emailVerified: moment("email_verified_at"),
      image: text("avatar_url"),
      username: text("user_name").unique(),
      lazySince: moment("lazy_since"),
      convertedAt: moment("converted_at"),
      seenAt: moment("seen_at"),
    },
    (user) => [lazyIndex(user, "app_users_lazy_idx")],
  )
  const userId = () =>
    text("user_id")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("app_accounts", {
    userId: userId(),
    ...accountColumns(),
    type: text("account_type").$type<AdapterAccountType>().notNull(),
    provider: text("provider_name").notNull(),
    providerAccountId: text("provider_account_id").notNull(),
  })
  const sessionsTable = pgTable("app_sessions", {
    sessionToken: text("session_token").primaryKey(),
    userId: userId(),
    expires: moment("expires_at").notNull(),
  })
  const passwordsTable = pgTable("app_passwords", {
    userId: userId().primaryKey(),
    hash: text("password_hash").notNull(),
    updatedAt: moment("updated_at").notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return { definitions: tables, adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }) }
}

function casingOption() {
  const at = () => timestamp({ mode: "date", withTimezone: true })
  const usersTable = pgTable(
    "users",
    {
      id: uuid().primaryKey().defaultRandom(),
      name: text(),
      email: text().unique(),
      emailVerified: at(),
      image: text(),
      ...lazyColumns(),
    },
    (user) => [lazyIndex(user, "users_lazy_idx")],
  )
  const userId = () =>
    uuid()
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("accounts", {
    userId: userId(),
    type: text().$type<AdapterAccountType>().notNull(),
    provider: text().notNull(),
    providerAccountId: text().notNull(),
    refresh_token: text(),
    access_token: text(),
    expires_at: integer(),
    token_type: text(),
    scope: text(),
    id_token: text(),
    session_state: text(),
  })
  const sessionsTable = pgTable("sessions", {
    sessionToken: text().primaryKey(),
    userId: userId(),
    expires: at().notNull(),
  })
  const passwordsTable = pgTable("passwords", {
    userId: userId().primaryKey(),
    hash: text().notNull(),
    updatedAt: at().notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return {
    definitions: tables,
    adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }),
    casing: "snake_case" as const,
  }
}

function otherSchema() {
  const auth = pgSchema("auth")
  const usersTable = auth.table(
    "user",
    {
      id: text("id").primaryKey(),
      name: text("name"),
      email: text("email").unique(),
      emailVerified: moment("emailVerified"),
      image: text("image"),
      ...lazyColumns(),
    },
    (user) => [lazyIndex(user)],
  )
  const userId = () =>
    text("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = auth.table("account", { userId: userId(), ...accountColumns() })
  const sessionsTable = auth.table("session", {
    sessionToken: text("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const passwordsTable = auth.table("password", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return {
    definitions: { auth, ...tables },
    adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }),
  }
}

function ownColumnsWithDatabaseDefaults() {
  const plan = pgEnum("plan", ["free", "paid"])
  const usersTable = pgTable("user", {
    number: serial("number"),
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
    plan: plan("plan").notNull().default("free"),
    settings: jsonb("settings").notNull().default({ theme: "dark" }),
    tags: text("tags").array().notNull().default(sql`'{}'`),
    createdAt: moment("createdAt").notNull().defaultNow(),
    sortName: text("sortName").generatedAlwaysAs(sql`lower(coalesce("name", "username"))`),
  })
  const userId = () =>
    text("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("account", { userId: userId(), ...accountColumns() })
  const sessionsTable = pgTable("session", {
    number: bigserial("number", { mode: "bigint" }),
    sessionToken: text("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
    createdAt: moment("createdAt").notNull().defaultNow(),
  })
  const passwordsTable = pgTable("password", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
    createdAt: moment("createdAt").notNull().defaultNow(),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return {
    definitions: { plan, ...tables },
    adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }),
  }
}

function ownColumnsWithDrizzleDefaults() {
  const plan = pgEnum("plan", ["free", "paid"])
  const usersTable = pgTable("user", {
    id: text("id")
      .primaryKey()
      .$defaultFn(() => crypto.randomUUID()),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
    plan: plan("plan")
      .notNull()
      .$defaultFn(() => "free" as const),
    settings: jsonb("settings")
      .notNull()
      .$defaultFn(() => ({ theme: "dark" })),
    tags: text("tags")
      .array()
      .notNull()
      .$defaultFn(() => ["new"]),
    credits: integer("credits")
      .notNull()
      .$defaultFn(() => 0),
    locale: text("locale")
      .notNull()
      .$defaultFn(() => sql`lower('EN')`),
    createdAt: moment("createdAt")
      .notNull()
      .$defaultFn(() => new Date()),
    updatedAt: moment("updatedAt")
      .notNull()
      .$onUpdateFn(() => new Date()),
  })
  const userId = () =>
    text("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = pgTable("account", { userId: userId(), ...accountColumns() })
  const sessionsTable = pgTable("session", {
    id: uuid("id")
      .notNull()
      .unique()
      .$defaultFn(() => crypto.randomUUID()),
    sessionToken: text("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const passwordsTable = pgTable("password", {
    userId: userId().primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
    algorithm: text("algorithm")
      .notNull()
      .$defaultFn(() => "argon2id"),
  })
  const tables = { usersTable, accountsTable, sessionsTable, passwordsTable }
  return {
    definitions: { plan, ...tables },
    adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }),
  }
}

function ofPrisma(options: PrismaTablesOptions = {}) {
  const tables = prismaTables(options)
  return { definitions: tables, adapt: (db: Database, more?: AppOptions) => LazyAdapter(db, { ...tables, ...more }) }
}

/** Lists the shapes that the library supports, for `describe.each`. */
export const tableShapes: TableShape[] = [
  { shape: "the default tables", definitions: schema, adapt: (db, more) => LazyAdapter(db, { ...schema, ...more }) },
  { shape: "uuid ids with a database default", ...uuidWithDefault() },
  { shape: "uuid ids without a default", ...uuidWithoutDefault() },
  { shape: "varchar columns and timestamps without time zone", ...varcharEverywhere() },
  { shape: "an email column that is NOT NULL", ...emailRequired() },
  { shape: "snake_case column names", ...snakeCaseColumns() },
  { shape: "Drizzle's snake_case casing", ...casingOption() },
  { shape: "a Postgres schema other than public", ...otherSchema() },
  { shape: "own NOT NULL columns with database defaults", ...ownColumnsWithDatabaseDefaults() },
  { shape: "own NOT NULL columns with Drizzle defaults", ...ownColumnsWithDrizzleDefaults() },
  { shape: "the models of @auth/prisma-adapter", ...ofPrisma() },
  {
    shape: "models of Prisma under mapped names, with ids of their own",
    ...ofPrisma({
      ids: "uuid",
      User: { table: "users", columns: { emailVerified: "email_verified", lazySince: "lazy_since", createdAt: true } },
      Account: { table: "accounts", columns: { id: true, userId: "user_id", updatedAt: false } },
      Session: { table: "sessions", columns: { id: "session_id", userId: "user_id", updatedAt: "updated_at" } },
      VerificationToken: { table: "verificationtokens" },
      Password: { columns: { userId: "user_id" } },
      LazyOutcome: true,
    }),
  },
]
