import { hashSync } from "bcrypt-ts"
import postgres from "postgres"

/** Fills the tables of the first migration as an app that has been running for a while. */
const sql = postgres(process.env.POSTGRES_URL ?? "", { max: 1 })

const user = async (email: string, password: string) => {
  const [row] =
    await sql`insert into "User" ("email", "password") values (${email}, ${hashSync(password, 10)}) returning "id"`
  return row?.id as string
}

/** A chat of two messages with a vote and a stream, and a document with a suggestion for it. */
const chat = async (userId: string, text: string) => {
  const parts = sql.json([{ type: "text", text }])
  const [chat] =
    await sql`insert into "Chat" ("createdAt", "title", "userId") values (now(), ${text}, ${userId}) returning "id"`
  const messages = await sql`insert into "Message_v2" ("chatId", "role", "parts", "attachments", "createdAt")
    select ${chat?.id}, role, ${parts}, '[]', now() from unnest(array['user', 'assistant']) as role returning "id"`
  await sql`insert into "Vote_v2" values (${chat?.id}, ${messages[1]?.id}, true)`
  await sql`insert into "Stream" ("chatId", "createdAt") values (${chat?.id}, now())`
  await sql`with "written" as (insert into "Document" ("createdAt", "title", "content", "userId")
      values (now(), ${text}, ${text}, ${userId}) returning *)
    insert into "Suggestion" ("documentId", "documentCreatedAt", "originalText", "suggestedText", "userId", "createdAt")
    select "id", "createdAt", ${text}, 'Something else', ${userId}, now() from "written"`
}

await chat(await user("ada@example.com", "lovelace"), "How do engines think?")
await chat(await user("Grace@Example.com", "hopper1906"), "Where is the moth?")
for (const [guest, text] of [
  ["guest-1790000000001", "Bake me a cake"],
  ["guest-1790000000002", "Write me a poem"],
  ["guest-1790000000003", "Nobody will come back for this"],
  // Two visitors of the same millisecond.
  ["guest-1790000000004", ""],
  ["guest-1790000000004", ""],
] as const) {
  const id = await user(guest, crypto.randomUUID())
  if (text) await chat(id, text)
}
await sql.end()
