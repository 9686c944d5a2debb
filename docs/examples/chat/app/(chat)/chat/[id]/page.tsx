import { notFound } from "next/navigation"
import { Suspense } from "react"
import { auth } from "@/app/(auth)/auth"
import { Composer } from "@/components/composer"
import { getChatById, getMessagesByChatId } from "@/lib/db/queries"

interface ChatProps {
  params: Promise<{ id: string }>
}

export default function Page(props: ChatProps) {
  return (
    <Suspense>
      <Chat {...props} />
    </Suspense>
  )
}

async function Chat({ params }: ChatProps) {
  const { id } = await params
  const [session, chat] = await Promise.all([auth(), getChatById(id)])
  const isOwn = chat?.userId === session?.user.id
  if (!chat || !(isOwn || chat.visibility === "public")) notFound()
  const messages = await getMessagesByChatId(id)
  return (
    <>
      <h1>{chat.title}</h1>
      <ol data-testid="messages">
        {messages.map(({ id, role, parts }) => (
          <li key={id}>
            <b>{role}</b> {parts.map(({ text }) => text).join("")}
          </li>
        ))}
      </ol>
      {isOwn && <Composer chatId={id} />}
    </>
  )
}
