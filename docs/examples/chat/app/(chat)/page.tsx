import Link from "next/link"
import { Suspense } from "react"
import { auth } from "@/app/(auth)/auth"
import { Composer } from "@/components/composer"
import { getChatsByUserId } from "@/lib/db/queries"

export default function Home() {
  return (
    <>
      <h1>Your chats</h1>
      <Composer />
      <Suspense>
        <Chats />
      </Suspense>
    </>
  )
}

async function Chats() {
  const session = await auth()
  if (!session?.user) return null
  const chats = await getChatsByUserId(session.user.id)
  return (
    <ul data-testid="chats">
      {chats.map(({ id, title }) => (
        <li key={id}>
          <Link href={`/chat/${id}`}>{title}</Link>
        </li>
      ))}
    </ul>
  )
}
