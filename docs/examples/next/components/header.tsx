"use client"

import Link from "next/link"
import { useSession } from "next-auth/react"

/** Who you are, and for lazy users what they would lose. */
export function Header() {
  const { data } = useSession()
  const user = data?.user
  return (
    <>
      <header>
        {/* No <Link>: it would keep this header as it is, and behind that door everybody is somebody. */}
        <a href="/" className="brand">
          Notebook
        </a>
        {user && !user.isLazy && <Link href="/profile">{user.name ?? user.email}</Link>}
        {!user && <Link href="/signin">Sign in</Link>}
      </header>
      {user?.isLazy && (
        <aside className="banner">
          <span>
            You write as <b>{user.username}</b>, in this browser only.
          </span>
          <Link href="/account" prefetch={false}>
            Make an account
          </Link>
        </aside>
      )}
    </>
  )
}
