import { and, asc, desc, eq } from "drizzle-orm"
import { db } from "./index"
import { messagesTable, notebooksTable } from "./schema"

/** The notebooks of one user. Whatever it is asked for, it never touches anybody else's. */
export function notebooksOf(userId: string) {
  const own = eq(notebooksTable.userId, userId)
  return {
    list: () => db.select().from(notebooksTable).where(own).orderBy(desc(notebooksTable.createdAt)),
    async find(id: string) {
      if (!UUID.test(id)) return undefined
      const [notebook] = await db
        .select()
        .from(notebooksTable)
        .where(and(own, eq(notebooksTable.id, id)))
      return notebook
    },
    async start(text: string) {
      return db.transaction(async (tx) => {
        const title = text.length > 40 ? `${text.slice(0, 40)}…` : text
        const [notebook] = await tx.insert(notebooksTable).values({ userId, title }).returning()
        if (!notebook) throw new Error("The notebook was not written.")
        await tx.insert(messagesTable).values({ userId, notebookId: notebook.id, text })
        return notebook
      })
    },
    /** False when there is no such notebook. */
    async write(id: string, text: string) {
      if (!(await this.find(id))) return false
      await db.insert(messagesTable).values({ userId, notebookId: id, text })
      return true
    },
    messages: (id: string) =>
      db
        .select({ id: messagesTable.id, text: messagesTable.text, createdAt: messagesTable.createdAt })
        .from(messagesTable)
        .innerJoin(notebooksTable, eq(messagesTable.notebookId, notebooksTable.id))
        .where(and(own, eq(messagesTable.notebookId, id)))
        .orderBy(asc(messagesTable.createdAt)),
  }
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
