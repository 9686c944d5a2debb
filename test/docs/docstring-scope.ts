// Examples in docstrings import from here what an app has anyway, so that they stay short.
import type { Handle } from "@sveltejs/kit"
import { type AnyPgColumn, type PgTable, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { type Database, type LazyAdapter, lazyColumns, schema, type UserRow } from "../../src/drizzle.js"
import type { LazyAuth, MaybeLazy } from "../../src/index.js"

export { default as bcrypt } from "bcryptjs"
export { eq, isNull, sql } from "drizzle-orm"
export { default as express } from "express"
export { Hono } from "hono"

/** What `withLazy` returned. */
export declare const authConfig: LazyAuth
/** What `LazyAdapter` returned. */
export declare const adapter: LazyAdapter
export declare const db: Database
export declare const request: Request
/** The handle of `SvelteKitAuth`, and the function that runs handles one after the other. */
export declare const authHandle: Handle
export declare const sequence: (...handles: Handle[]) => Handle
/** The id of a user. */
export declare const id: string
/** The users table of an app that marks deleted users, and kept hashes of passwords in it. */
export const users = pgTable("user", {
  id: text("id").primaryKey(),
  name: text("name"),
  email: text("email").unique(),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
  deletedAt: timestamp("deletedAt", { mode: "date" }),
  password: text("password"),
  ...lazyColumns(),
})
/** Tables of the app. */
export declare const apiKeys: PgTable
export declare const feedTokens: PgTable & { ownerId: AnyPgColumn }
export const { passwordsTable } = schema
export const trials = pgTable("trial", { userId: text("userId").notNull() })
/** The session of a visitor, and the rows of a lazy user and a real one. */
export declare const session: MaybeLazy
export declare const lazyUser: UserRow
export declare const realUser: UserRow
export { inArray, isNotNull } from "drizzle-orm"
export { pgTable, text } from "drizzle-orm/pg-core"
export { RateLimiterMemory } from "rate-limiter-flexible"
