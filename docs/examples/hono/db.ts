import { schema } from "authjs-lazy/drizzle"
import { eq, sql } from "drizzle-orm"
import { pgTable, serial, text } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"

export const db = drizzle(postgres(process.env.DATABASE_URL ?? "postgres://localhost/app", { onnotice: () => {} }))

// A note belongs to a user, lazy or real.
const notes = pgTable("note", {
  id: serial("id").primaryKey(),
  userId: text("userId")
    .notNull()
    .references(() => schema.usersTable.id),
  text: text("text").notNull(),
})

export async function createTables(): Promise<void> {
  await db.execute(sql`create table if not exists note (
    id serial primary key,
    "userId" text not null references "user" (id),
    text text not null
  )`)
}

export async function addNote(userId: string, text: string): Promise<void> {
  await db.insert(notes).values({ userId, text })
}

export async function notesOf(userId: string): Promise<string[]> {
  const rows = await db.select().from(notes).where(eq(notes.userId, userId)).orderBy(notes.id)
  return rows.map(({ text }) => text)
}
