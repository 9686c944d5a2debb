"use client"

import { useLazy } from "authjs-lazy/react"
import Link from "next/link"
import { useSession } from "next-auth/react"

/** Who you are, and for lazy users what they would lose. */
export function Header() {
  const { status, isLazy, username, convertUrl } = useLazy({ convertPage: "/account" })
  const user = useSession().data?.user
  return (
    <>
      <header>
        <Link href="/" className="brand">
          Notebook
        </Link>
        {user && !isLazy && <Link href="/profile">{user.name ?? user.email}</Link>}
        {status === "unauthenticated" && <Link href="/signin">Sign in</Link>}
      </header>
      {isLazy && (
        <aside className="banner">
          <span>
            You write as <b>{username}</b>, in this browser only.
          </span>
          <Link href={convertUrl} prefetch={false}>
            Make an account
          </Link>
        </aside>
      )}
    </>
  )
}
