"use client"

import { useLazy } from "authjs-lazy/react"
import Link from "next/link"
import { useSession } from "next-auth/react"
import { leave } from "@/app/actions"
import { LazyBanner } from "@/components/lazy-banner"
import { MergeNotice } from "@/components/merge-notice"
import { SignOutWarning } from "@/components/sign-out-warning"

/** What the merge notice calls the rows of each table. */
const LABELS = {
  notebook: { one: "1 notebook", other: "{count} notebooks" },
  message: { one: "1 message", other: "{count} messages" },
}

/** Who you are, and for lazy users what they would lose. */
export function Header() {
  const { status, isLazy } = useLazy()
  const user = useSession().data?.user
  return (
    <>
      <header>
        <Link href="/" className="brand">
          Notebook
        </Link>
        <div className="who">
          {user && !isLazy && <Link href="/profile">{user.name ?? user.email}</Link>}
          {status === "unauthenticated" && <Link href="/signin">Sign in</Link>}
          {isLazy && <SignOutWarning action={leave} convertPage="/account" />}
        </div>
      </header>
      <div className="bars">
        <LazyBanner convertPage="/account" />
        <MergeNotice labels={LABELS} />
      </div>
    </>
  )
}
