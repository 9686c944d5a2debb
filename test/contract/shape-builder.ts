import type { AdapterAccountType } from "@auth/core/adapters"
import {
  boolean,
  customType,
  integer,
  type PgTableFn,
  type PgTimestampConfig,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core"
import type { LazyOutcome } from "../../src/drizzle.js"

/** Makes a column of a PostgreSQL type that Drizzle reads and writes as a string. */
const stringOf = (type: string) => customType<{ data: string; driverData: string }>({ dataType: () => type })

/** Names of the tables unless a shape gives its own; none is the name of a default table. */
const NAMES = {
  users: "users",
  accounts: "accounts",
  sessions: "sessions",
  tokens: "verification_tokens",
  authenticators: "authenticators",
  passwords: "passwords",
  outcomes: "lazy_outcomes",
}

interface Build<Users extends string | undefined, Rest extends string | undefined> {
  /** Makes the users table and the others. */
  users: PgTableFn<Users>
  rest: PgTableFn<Rest>
  names?: Partial<typeof NAMES>
  /**
   * Turns the property of a column into its name.
   * @default the property
   */
  column?: (property: string) => string
  idType?: string
  addressType?: string
  times?: PgTimestampConfig<"date">
}

/** Makes all seven tables, with the given differences from the default ones. */
export function buildTables<Users extends string | undefined, Rest extends string | undefined>({
  users,
  rest,
  names,
  column = (property) => property,
  idType = "text",
  addressType = "text",
  times = { withTimezone: true },
}: Build<Users, Rest>) {
  const called = { ...NAMES, ...names }
  const moment = (property: string) => timestamp(column(property), { mode: "date", ...times })
  const string = (property: string) => text(column(property))
  const id = (property: string) => stringOf(idType)(column(property))
  const usersTable = users(called.users, {
    id: id("id").primaryKey(),
    name: string("name"),
    email: stringOf(addressType)(column("email")).unique(`${called.users}_email`),
    emailVerified: moment("emailVerified"),
    image: string("image"),
    username: string("username").unique(`${called.users}_username`),
    lazySince: moment("lazySince"),
    convertedAt: moment("convertedAt"),
    seenAt: moment("seenAt"),
  })
  const userId = () =>
    id("userId")
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })
  const accountsTable = rest(
    called.accounts,
    {
      userId: userId(),
      type: string("type").$type<AdapterAccountType>().notNull(),
      provider: string("provider").notNull(),
      providerAccountId: string("providerAccountId").notNull(),
      refresh_token: string("refresh_token"),
      access_token: string("access_token"),
      expires_at: integer(column("expires_at")),
      token_type: string("token_type"),
      scope: string("scope"),
      id_token: string("id_token"),
      session_state: string("session_state"),
    },
    (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
  )
  const sessionsTable = rest(called.sessions, {
    sessionToken: string("sessionToken").primaryKey(),
    userId: userId(),
    expires: moment("expires").notNull(),
  })
  const verificationTokensTable = rest(
    called.tokens,
    {
      identifier: string("identifier").notNull(),
      token: string("token").notNull(),
      expires: moment("expires").notNull(),
    },
    (token) => [primaryKey({ columns: [token.identifier, token.token] })],
  )
  const authenticatorsTable = rest(called.authenticators, {
    credentialID: string("credentialID").notNull().unique(`${called.authenticators}_id`),
    userId: userId(),
    providerAccountId: string("providerAccountId").notNull(),
    credentialPublicKey: string("credentialPublicKey").notNull(),
    counter: integer(column("counter")).notNull(),
    credentialDeviceType: string("credentialDeviceType").notNull(),
    credentialBackedUp: boolean(column("credentialBackedUp")).notNull(),
    transports: string("transports"),
  })
  const passwordsTable = rest(called.passwords, {
    userId: userId().primaryKey(),
    hash: string("hash").notNull(),
    updatedAt: moment("updatedAt").notNull(),
  })
  const lazyOutcomesTable = rest(called.outcomes, {
    id: string("id").primaryKey(),
    at: moment("at").notNull(),
    outcome: string("outcome").$type<LazyOutcome>().notNull(),
    way: string("way"),
    since: moment("since").notNull(),
    users: integer(column("users")).notNull(),
  })
  return {
    usersTable,
    accountsTable,
    sessionsTable,
    verificationTokensTable,
    authenticatorsTable,
    passwordsTable,
    lazyOutcomesTable,
  }
}

/** Makes tables in the schema of the search path, as most apps do. */
export const plain = { users: pgTable, rest: pgTable }
