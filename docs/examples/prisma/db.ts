import { PrismaPg } from "@prisma/adapter-pg"
import { Pool } from "pg"
import { PrismaClient } from "./generated/client.js"

// Prisma and authjs-lazy share the connections.
export const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? "postgres://localhost/app" })

export const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })

export async function addNote(userId: string, text: string): Promise<void> {
  await prisma.note.create({ data: { userId, text } })
}

export async function notesOf(userId: string): Promise<string[]> {
  const notes = await prisma.note.findMany({ where: { userId }, orderBy: { createdAt: "asc" } })
  return notes.map(({ text }) => text)
}
