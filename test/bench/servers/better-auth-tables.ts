import { boolean, pgTable, text, timestamp } from "drizzle-orm/pg-core"

const moment = (name: string) => timestamp(name, { withTimezone: true })

const user = pgTable("user", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  email: text("email").notNull().unique(),
  emailVerified: boolean("emailVerified").notNull(),
  image: text("image"),
  createdAt: moment("createdAt").notNull(),
  updatedAt: moment("updatedAt").notNull(),
  isAnonymous: boolean("isAnonymous"),
})

const session = pgTable("session", {
  id: text("id").primaryKey(),
  expiresAt: moment("expiresAt").notNull(),
  token: text("token").notNull().unique(),
  createdAt: moment("createdAt").notNull(),
  updatedAt: moment("updatedAt").notNull(),
  ipAddress: text("ipAddress"),
  userAgent: text("userAgent"),
  userId: text("userId")
    .notNull()
    .references(() => user.id, { onDelete: "cascade" }),
})

const account = pgTable("account", {
  id: text("id").primaryKey(),
  accountId: text("accountId").notNull(),
  providerId: text("providerId").notNull(),
  userId: text("userId")
    .notNull()
    .references(() => user.id, { onDelete: "cascade" }),
  accessToken: text("accessToken"),
  refreshToken: text("refreshToken"),
  idToken: text("idToken"),
  accessTokenExpiresAt: moment("accessTokenExpiresAt"),
  refreshTokenExpiresAt: moment("refreshTokenExpiresAt"),
  scope: text("scope"),
  password: text("password"),
  createdAt: moment("createdAt").notNull(),
  updatedAt: moment("updatedAt").notNull(),
})

const verification = pgTable("verification", {
  id: text("id").primaryKey(),
  identifier: text("identifier").notNull(),
  value: text("value").notNull(),
  expiresAt: moment("expiresAt").notNull(),
  createdAt: moment("createdAt").notNull(),
  updatedAt: moment("updatedAt").notNull(),
})

/** The tables that the migrations of better-auth make, for its Drizzle adapter. */
export const schema = { user, session, account, verification }
