import type { Database } from "authjs-lazy/drizzle"
import { and, desc, eq } from "drizzle-orm"
import { MAX_NOTE, notesTable } from "./schema.js"

export type Note = typeof notesTable.$inferSelect

/** What somebody typed that can't be a note, and why. */
export interface RefusedNote {
  ok: false
  text: string
  problem: string
}

/** Reads a form's field: its lines end in CRLF, and PostgreSQL stores every character but NUL. */
export function readNote(input: unknown): { ok: true; text: string } | RefusedNote {
  const text = typeof input === "string" ? input.replaceAll("\r\n", "\n").replaceAll("\0", "").trim() : ""
  if (text === "") return { ok: false, text, problem: "Write something first." }
  const length = [...text].length
  if (length > MAX_NOTE)
    return { ok: false, text, problem: `A note has room for ${MAX_NOTE} characters; this one has ${length}.` }
  return { ok: true, text }
}

export type Notes = ReturnType<typeof notesOf>

/** The notes of one user. Whatever it is asked for, it never touches anybody else's. */
export function notesOf(db: Database, userId: string) {
  const own = eq(notesTable.userId, userId)
  const ownWith = (id: string) => and(own, eq(notesTable.id, id))
  return {
    list: (): Promise<Note[]> => db.select().from(notesTable).where(own).orderBy(desc(notesTable.createdAt)),
    count: (): Promise<number> => db.$count(notesTable, own),
    async find(id: string): Promise<Note | undefined> {
      return (await db.select().from(notesTable).where(ownWith(id)))[0]
    },
    async add(text: string): Promise<void> {
      await db.insert(notesTable).values({ userId, text })
    },
    /** False when there is no such note. */
    async change(id: string, text: string): Promise<boolean> {
      const changed = await db.update(notesTable).set({ text }).where(ownWith(id)).returning({ id: notesTable.id })
      return changed.length > 0
    },
    /** False when there is no such note. */
    async remove(id: string): Promise<boolean> {
      const removed = await db.delete(notesTable).where(ownWith(id)).returning({ id: notesTable.id })
      return removed.length > 0
    },
  }
}
