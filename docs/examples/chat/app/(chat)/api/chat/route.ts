import { z } from "zod"
import { auth } from "@/app/(auth)/auth"
import { getChatById, getMessageCount, saveChat, saveMessages } from "@/lib/db/queries"
import { entitlementsByUserType } from "@/lib/entitlements"

const bodySchema = z.object({ id: z.uuid(), text: z.string().min(1).max(2000) })

/** Saves a message and its answer, which is the message. */
export async function POST(request: Request) {
  const body = bodySchema.safeParse(await request.json().catch(() => null))
  if (!body.success) return new Response("This is no message.", { status: 400 })
  const session = await auth()
  if (!session?.user) return new Response("You are not signed in.", { status: 401 })
  const { id: userId, type } = session.user

  if ((await getMessageCount(userId, 1)) >= entitlementsByUserType[type].maxMessagesPerHour)
    return new Response("You have sent too many messages for now.", { status: 429 })

  const { id, text } = body.data
  const chat = await getChatById(id)
  if (chat && chat.userId !== userId) return new Response("This is not your chat.", { status: 403 })
  if (!chat) await saveChat({ id, userId, title: text.slice(0, 80) })
  await saveMessages(id, [
    { role: "user", text },
    { role: "assistant", text },
  ])
  return Response.json({ text })
}
