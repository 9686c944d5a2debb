import type { AdapterAccountType } from "@auth/core/adapters"
import {
  type AnyPgColumn,
  boolean,
  customType,
  index,
  integer,
  type PgTableFn,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core"
import { assume } from "../sql/catalogue/assumed-tables.js"
import { familyOf } from "./column-family.js"

/** A column with the id of a user. */
const textId = () => text("userId")

/**
 * Makes the tables of `@auth/drizzle-adapter` beside that of the users.
 * @param userId makes a column that can hold an id of `usersTable`
 */
export function authTables(pgTable: PgTableFn, usersTable: { id: AnyPgColumn }, userId = textId) {
  const ofUser = () =>
    userId()
      .notNull()
      .references(() => usersTable.id, { onDelete: "cascade" })

  const accountsTable = pgTable(
    "account",
    {
      userId: ofUser(),
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
    },
    (account) => [
      primaryKey({ columns: [account.provider, account.providerAccountId] }),
      index("account_userId_idx").on(account.userId),
    ],
  )

  const sessionsTable = pgTable(
    "session",
    {
      sessionToken: text("sessionToken").primaryKey(),
      userId: ofUser(),
      expires: timestamp("expires", { mode: "date" }).notNull(),
    },
    (session) => [index("session_userId_idx").on(session.userId)],
  )

  const verificationTokensTable = pgTable(
    "verificationToken",
    {
      identifier: text("identifier").notNull(),
      token: text("token").notNull(),
      expires: timestamp("expires", { mode: "date" }).notNull(),
    },
    (verificationToken) => [primaryKey({ columns: [verificationToken.identifier, verificationToken.token] })],
  )

  const authenticatorsTable = pgTable(
    "authenticator",
    {
      credentialID: text("credentialID").notNull().unique(),
      userId: ofUser(),
      providerAccountId: text("providerAccountId").notNull(),
      credentialPublicKey: text("credentialPublicKey").notNull(),
      counter: integer("counter").notNull(),
      credentialDeviceType: text("credentialDeviceType").notNull(),
      credentialBackedUp: boolean("credentialBackedUp").notNull(),
      transports: text("transports"),
    },
    (authenticator) => [primaryKey({ columns: [authenticator.userId, authenticator.credentialID] })],
  )

  return { accountsTable, sessionsTable, verificationTokensTable, authenticatorsTable }
}

type AuthTables = ReturnType<typeof authTables>

const derived = new WeakMap<object, AuthTables>()

/**
 * Derives the tables of Auth.js that an app with an own user table has not passed, from the type of
 * its ids. A configuration with JWT sessions and credentials uses none of them.
 */
export function derivedTables(usersTable: { id: AnyPgColumn }): AuthTables {
  const known = derived.get(usersTable)
  if (known) return known
  const tables = authTables(pgTable, usersTable, () => idColumn(usersTable.id))
  for (const table of Object.values(tables)) assume(table)
  derived.set(usersTable, tables)
  return tables
}

function idColumn(id: AnyPgColumn): ReturnType<typeof textId> {
  const family = familyOf(id)
  if (family === "string") return textId()
  // The store writes and reads ids of any type as strings.
  if (family === "uuid") return uuid("userId") as unknown as ReturnType<typeof textId>
  const sameType = customType<{ data: string }>({ dataType: () => id.getSQLType() })
  return sameType("userId") as unknown as ReturnType<typeof textId>
}
