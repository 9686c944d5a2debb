import { schema } from "authjs-lazy/drizzle"
import { sql } from "drizzle-orm"
import { index, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core"

/** The longest note, in characters. */
export const MAX_NOTE = 2000

/** A note belongs to a user: lazy or real makes no difference here, and nothing has to be moved when one becomes the other. */
export const notesTable = pgTable(
  "note",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    userId: text("userId")
      .notNull()
      .references(() => schema.usersTable.id, { onDelete: "cascade" }),
    text: text("text").notNull(),
    createdAt: timestamp("createdAt", { withTimezone: true }).notNull().defaultNow(),
  },
  (note) => [index("note_userId_idx").on(note.userId)],
)

/** The same in SQL. An app with more than one table would let drizzle-kit write this: https://orm.drizzle.team/docs/migrations */
export const createNotesTable = [
  sql`create table if not exists "note" (
    "id" uuid primary key default gen_random_uuid(),
    "userId" text not null references "user" ("id") on delete cascade,
    "text" text not null,
    "createdAt" timestamptz not null default now()
  )`,
  sql`create index if not exists "note_userId_idx" on "note" ("userId")`,
]
