import { isNotNull, isNull, type SQL, sql } from "drizzle-orm"
import {
  type AnyPgColumn,
  type ExtraConfigColumn,
  index,
  integer,
  type PgTableFn,
  pgSchema,
  pgTable,
  text,
  timestamp,
} from "drizzle-orm/pg-core"
import { authTables } from "./auth-tables.js"

// Drizzle below 0.40 does not export the names of these types, but any version knows its functions.
type TextColumn = ReturnType<typeof text<string, [string, ...string[]]>>
type DateColumn = ReturnType<typeof timestamp<"date">>

/** The columns of {@link lazyColumns}; a type, since `pgTable` takes no interface. */
export type LazyColumns = {
  /** The generated or chosen name, unique. */
  username: TextColumn
  /** When a gate or `signIn("lazy")` made the user; null for a user who signed up. */
  lazySince: DateColumn
  /** When a lazy user became real; null before that. */
  convertedAt: DateColumn
  /** When a lazy user was last seen. */
  seenAt: DateColumn
}

/**
 * Returns the columns that the `user` table of an Auth.js app gains. Their property names are
 * fixed. In the database, they have the same names, or those that the `casing` of Drizzle makes of
 * them: `lazy_since`.
 *
 * - `username`: unique; generated while the user is lazy, then the chosen one (lower case, NFKC) or
 *   null
 * - `lazySince`: when a gate or `signIn("lazy")` made the user; null for a user who signed up
 * - `convertedAt`: when a lazy user became real; null before that
 * - `seenAt`: when a lazy user was last seen
 * @example
 * const users = pgTable("user", { id: text("id").primaryKey(), ...lazyColumns() }, (user) => [
 *   lazyIndex(user),
 * ])
 */
export function lazyColumns(): LazyColumns {
  return {
    username: text().unique(),
    lazySince: timestamp({ mode: "date", withTimezone: true }),
    convertedAt: timestamp({ mode: "date", withTimezone: true }),
    seenAt: timestamp({ mode: "date", withTimezone: true }),
  }
}

/** Returns the same columns under names that no `casing` changes, as the migrations create them. */
function defaultLazyColumns() {
  return {
    username: text("username").unique(),
    lazySince: timestamp("lazySince", { mode: "date", withTimezone: true }),
    convertedAt: timestamp("convertedAt", { mode: "date", withTimezone: true }),
    seenAt: timestamp("seenAt", { mode: "date", withTimezone: true }),
  }
}

/** The columns that tell a lazy user from a real one. */
export interface LazyMarkers<Column> {
  lazySince: Column
  convertedAt: Column
}

/**
 * Builds the condition for a lazy user, its one definition in SQL. For rows in TypeScript, see
 * `isLazyRow`.
 */
export function isLazyUser(user: LazyMarkers<AnyPgColumn | ExtraConfigColumn>): SQL {
  return sql`(${isNotNull(user.lazySince as AnyPgColumn)} and ${isNull(user.convertedAt as AnyPgColumn)})`
}

/**
 * Defines the partial index in which the purge finds lazy users, for the third argument of
 * `pgTable`. It ends with the id, because an app that makes many users lazy at once gives all of
 * them the same `seenAt`.
 * @example
 * const users = pgTable("user", { id: text("id").primaryKey(), ...lazyColumns() }, (user) => [
 *   lazyIndex(user, "lazy_user_idx"),
 * ])
 */
export function lazyIndex(
  user: LazyMarkers<ExtraConfigColumn> & { id: ExtraConfigColumn; seenAt: ExtraConfigColumn },
  name = "user_lazy_idx",
) {
  return index(name).on(user.seenAt, user.id).where(isLazyUser(user))
}

function makeTables(pgTable: PgTableFn) {
  const usersTable = pgTable(
    "user",
    {
      id: text("id")
        .primaryKey()
        .$defaultFn(() => crypto.randomUUID()),
      name: text("name"),
      email: text("email").unique(),
      emailVerified: timestamp("emailVerified", { mode: "date" }),
      image: text("image"),
      ...defaultLazyColumns(),
    },
    (user) => [lazyIndex(user)],
  )

  const passwordsTable = pgTable("password", {
    userId: text("userId")
      .primaryKey()
      .references(() => usersTable.id, { onDelete: "cascade" }),
    hash: text("hash").notNull(),
    updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow(),
  })

  // Records how lazy users ended, without saying who they were. Rows are only added, so that no
  // transaction waits for another one here.
  const lazyOutcomesTable = pgTable(
    "lazyOutcome",
    {
      id: text("id").primaryKey(),
      at: timestamp("at", { mode: "date", withTimezone: true }).notNull(),
      outcome: text("outcome").$type<LazyOutcome>().notNull(),
      way: text("way"),
      since: timestamp("since", { mode: "date", withTimezone: true }).notNull(),
      users: integer("users").notNull(),
    },
    (lazyOutcome) => [index("lazyOutcome_at_idx").on(lazyOutcome.at)],
  )

  return { usersTable, ...authTables(pgTable, usersTable), passwordsTable, lazyOutcomesTable }
}

/**
 * Makes the default tables in a PostgreSQL schema. Without one, or in `public`, which Drizzle can't
 * name, the search path of the connection decides.
 */
export function defaultTables(schemaName = "public"): ReturnType<typeof makeTables> {
  return makeTables(schemaName === "public" ? pgTable : (pgSchema(schemaName).table as unknown as PgTableFn))
}

/** The ways in which a lazy user ends. */
export type LazyOutcome = "converted" | "merged" | "purged" | "deleted"

/**
 * The default schema: the tables of `@auth/drizzle-adapter` with the same names and columns, {@link
 * lazyColumns} on the user table, the index of the purge, indexes on user ids, and the tables
 * `password` and `lazyOutcome`. The keys are the option names of `LazyAdapter`, so `LazyAdapter(db,
 * schema)` is `LazyAdapter(db)`.
 *
 * `password` holds an argon2id hash for each user with a password. `lazyOutcome` holds, for
 * statistics, the `outcome`, its moment (`at`) and `way`, since when the users were lazy (`since`;
 * for several users the start of their day in UTC), and how many `users` they were.
 * @example
 * // For drizzle-kit, export the tables one by one.
 * export const { usersTable, accountsTable, sessionsTable, passwordsTable } = schema
 */
export const schema = defaultTables()

/** Defines the table `user`: that of Auth.js with {@link lazyColumns}. */
export const usersTable = schema.usersTable
/** Defines the table `account`, which holds the identities at OAuth and OpenID providers. */
export const accountsTable = schema.accountsTable
/** Defines the table `session`, which JWT sessions do without. */
export const sessionsTable = schema.sessionsTable
/** Defines the table `verificationToken`, which holds the tokens of e-mail links. */
export const verificationTokensTable = schema.verificationTokensTable
/** Defines the table `authenticator`, which holds passkeys. */
export const authenticatorsTable = schema.authenticatorsTable
/** Defines the table `password`, which holds an argon2id hash for each user with a password. */
export const passwordsTable = schema.passwordsTable
/** Defines the table `lazyOutcome`, from which `stats` counts how lazy users ended. */
export const lazyOutcomesTable = schema.lazyOutcomesTable

/** A table of the default schema, by its option of `LazyAdapter`. */
export type NamedTable = keyof typeof schema

/** The options of `LazyAdapter` that take a table. */
export const NAMED_TABLES = Object.keys(schema) as NamedTable[]
