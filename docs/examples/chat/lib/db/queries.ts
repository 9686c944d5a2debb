import "server-only"
import { and, asc, count, desc, eq, gte } from "drizzle-orm"
import { db } from "./client"
import { chat, message } from "./schema"

export function getChatsByUserId(userId: string) {
  return db.select().from(chat).where(eq(chat.userId, userId)).orderBy(desc(chat.createdAt))
}

export async function getChatById(id: string) {
  const [found] = await db.select().from(chat).where(eq(chat.id, id))
  return found
}

export async function saveChat(values: { id: string; userId: string; title: string }) {
  await db.insert(chat).values({ ...values, createdAt: new Date() })
}

export function getMessagesByChatId(chatId: string) {
  return db.select().from(message).where(eq(message.chatId, chatId)).orderBy(asc(message.createdAt))
}

export async function saveMessages(chatId: string, messages: { role: "user" | "assistant"; text: string }[]) {
  const now = Date.now()
  await db.insert(message).values(
    messages.map(({ role, text }, position) => ({
      chatId,
      role,
      parts: [{ type: "text" as const, text }],
      attachments: [],
      createdAt: new Date(now + position),
    })),
  )
}

export async function getMessageCount(userId: string, hours: number) {
  const since = new Date(Date.now() - hours * 60 * 60 * 1000)
  const [counted] = await db
    .select({ messages: count() })
    .from(message)
    .innerJoin(chat, eq(message.chatId, chat.id))
    .where(and(eq(chat.userId, userId), eq(message.role, "user"), gte(message.createdAt, since)))
  return counted?.messages ?? 0
}
