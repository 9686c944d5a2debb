import Link from "next/link"
import { Suspense } from "react"
import { startNotebook } from "@/app/actions"
import { auth } from "@/auth"
import { Composer } from "@/components/composer"
import { notebooksOf } from "@/database/notebooks"

/** The gate in proxy.ts makes no user for a visit: `auth()` has no session until the first notebook. */
export default async function Home() {
  const current = await auth()
  return (
    <>
      <h1>What is on your mind?</h1>
      <Composer action={startNotebook} label="Start a new notebook" />
      {current ? (
        <Suspense fallback={<p className="quiet">Looking for your notebooks…</p>}>
          <Notebooks userId={current.user.id} />
        </Suspense>
      ) : (
        <Invitation />
      )}
    </>
  )
}

function Invitation() {
  return (
    <p className="quiet">
      Write something: it is kept, and you need no account for it. <Link href="/about">How it works</Link>
    </p>
  )
}

async function Notebooks({ userId }: { userId: string }) {
  const notebooks = await notebooksOf(userId).list()
  if (notebooks.length === 0) return <Invitation />
  return (
    <ul className="notebooks">
      {notebooks.map(({ id, title, createdAt }) => (
        <li key={id}>
          <Link href={`/notebooks/${id}`}>{title}</Link>
          <time dateTime={createdAt.toISOString()}>{createdAt.toISOString().slice(0, 10)}</time>
        </li>
      ))}
    </ul>
  )
}
