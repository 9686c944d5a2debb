import { auth } from "@/app/(auth)/auth"
import { getChatsByUserId } from "@/lib/db/queries"

export async function GET() {
  const session = await auth()
  if (!session?.user) return new Response("You are not signed in.", { status: 401 })
  return Response.json({ chats: await getChatsByUserId(session.user.id) })
}
