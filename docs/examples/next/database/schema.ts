import { lazyColumns, lazyIndex } from "authjs-lazy/drizzle"
import { boolean, integer, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core"

const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })

export const usersTable = pgTable(
  "user",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    name: text("name"),
    email: text("email").notNull().unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
  },
  (user) => [lazyIndex(user)],
)

const userId = () => uuid("userId").references(() => usersTable.id, { onDelete: "cascade" })

export const accountsTable = pgTable(
  "account",
  {
    userId: userId().notNull(),
    type: text("type").notNull(),
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
  (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
)

export const sessionsTable = pgTable("session", {
  sessionToken: text("sessionToken").primaryKey(),
  userId: userId().notNull(),
  expires: moment("expires").notNull(),
})

export const verificationTokensTable = pgTable(
  "verificationToken",
  {
    identifier: text("identifier").notNull(),
    token: text("token").notNull(),
    expires: moment("expires").notNull(),
  },
  (token) => [primaryKey({ columns: [token.identifier, token.token] })],
)

export const authenticatorsTable = pgTable(
  "authenticator",
  {
    credentialID: text("credentialID").notNull().unique(),
    userId: userId().notNull(),
    providerAccountId: text("providerAccountId").notNull(),
    credentialPublicKey: text("credentialPublicKey").notNull(),
    counter: integer("counter").notNull(),
    credentialDeviceType: text("credentialDeviceType").notNull(),
    credentialBackedUp: boolean("credentialBackedUp").notNull(),
    transports: text("transports"),
  },
  (authenticator) => [primaryKey({ columns: [authenticator.userId, authenticator.credentialID] })],
)

export const passwordsTable = pgTable("password", {
  userId: userId().primaryKey(),
  hash: text("hash").notNull(),
  updatedAt: moment("updatedAt").notNull().defaultNow(),
})

export const notebooksTable = pgTable("notebook", {
  id: uuid("id").primaryKey().defaultRandom(),
  userId: uuid("userId")
    .notNull()
    .references(() => usersTable.id),
  title: text("title").notNull(),
  createdAt: moment("createdAt").notNull().defaultNow(),
})

export const messagesTable = pgTable("message", {
  id: uuid("id").primaryKey().defaultRandom(),
  notebookId: uuid("notebookId")
    .notNull()
    .references(() => notebooksTable.id),
  userId: uuid("userId")
    .notNull()
    .references(() => usersTable.id),
  text: text("text").notNull(),
  createdAt: moment("createdAt").notNull().defaultNow(),
})
