import {
  type AnyPgColumn,
  boolean,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core"
import { LazyAdapter, lazyColumns } from "../../src/drizzle.js"
import type { TestDatabase } from "./databases.js"

/** The tables of an app that has made guests by hand, after it has added those of this library. */
export const users = pgTable("users", {
  id: uuid("id").primaryKey().defaultRandom(),
  email: varchar("email", { length: 64 }).notNull(),
  password: varchar("password", { length: 64 }),
  name: text("name"),
  image: text("image"),
  emailVerified: timestamp("email_verified"),
  createdAt: timestamp("created_at").notNull().defaultNow(),
  ...lazyColumns(),
})

const userId = () =>
  uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" })

const accounts = pgTable(
  "accounts",
  {
    userId: userId(),
    type: text("type").notNull(),
    provider: text("provider").notNull(),
    providerAccountId: text("provider_account_id").notNull(),
  },
  (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
)

const sessions = pgTable("sessions", {
  sessionToken: text("session_token").primaryKey(),
  userId: userId(),
  expires: timestamp("expires", { mode: "date" }).notNull(),
})

const authenticators = pgTable("authenticators", {
  credentialID: text("credential_id").notNull().unique(),
  userId: userId(),
  providerAccountId: text("provider_account_id").notNull(),
  credentialPublicKey: text("public_key").notNull(),
  counter: integer("counter").notNull(),
  credentialDeviceType: text("device_type").notNull(),
  credentialBackedUp: boolean("backed_up").notNull(),
  transports: text("transports"),
})

const passwords = pgTable("passwords", {
  userId: userId().primaryKey(),
  hash: text("hash").notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
})

const LAZY = `username text unique, "lazySince" timestamptz, "convertedAt" timestamptz, "seenAt" timestamptz`

/** The statements that make these tables. */
export const guestTables = [
  `create table users (id uuid primary key default gen_random_uuid(), email varchar(64) not null, password varchar(64),
    name text, image text, email_verified timestamp, created_at timestamp not null default now(), ${LAZY})`,
  "create table chats (id uuid primary key default gen_random_uuid(), owner uuid not null references users, title text not null)",
  `create table accounts (user_id uuid not null references users on delete cascade, type text not null, provider text not null,
    provider_account_id text not null, primary key (provider, provider_account_id))`,
  "create table sessions (session_token text primary key, user_id uuid not null references users on delete cascade, expires timestamp not null)",
  `create table authenticators (credential_id text unique not null, user_id uuid not null references users on delete cascade,
    provider_account_id text not null, public_key text not null, counter int not null, device_type text not null,
    backed_up boolean not null, transports text)`,
  "create table passwords (user_id uuid primary key references users on delete cascade, hash text not null, updated_at timestamptz not null default now())",
]

/** What a hand-made guest has for a password: the hash of something that nobody kept. */
export const USELESS = "$2b$10$abcdefghijklmnopqrstuuxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012"

/** Makes an adapter for these tables. */
export function guestAdapter({ db }: Pick<TestDatabase, "db">, more: { legacyHash?: AnyPgColumn } = {}): LazyAdapter {
  return LazyAdapter(db, {
    ...more,
    usersTable: users,
    accountsTable: accounts,
    sessionsTable: sessions,
    authenticatorsTable: authenticators,
    passwordsTable: passwords,
  })
}

/** Makes guests as the app did: an address that nobody reads, and a chat for each. */
export async function makeGuests({ query }: Pick<TestDatabase, "query">, count: number): Promise<string[]> {
  const rows = await query(`
    with guest as (
      insert into users (email, password, created_at)
      select 'guest-' || gen_random_uuid(), '${USELESS}', '2025-01-02 03:04:05.678901' from generate_series(1, ${count})
      returning id
    ), chat as (insert into chats (owner, title) select id, 'of a guest' from guest)
    select id from guest`)
  return rows.map(({ id }) => id as string)
}
