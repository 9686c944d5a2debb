"use client"

import Link from "next/link"
import { signOut, useSession } from "next-auth/react"

/** Who is signed in, and the way in or out. */
export function UserNav() {
  const { data } = useSession()
  const email = data?.user.email ?? ""
  const isGuest = data?.user.type === "guest"
  return (
    <header>
      <Link href="/">Chat</Link>
      <span data-testid="user-email">{isGuest ? "Guest" : email}</span>
      {isGuest ? (
        <Link href="/login">Log in</Link>
      ) : (
        <button type="button" onClick={() => signOut({ redirectTo: "/" })}>
          Sign out
        </button>
      )}
    </header>
  )
}
