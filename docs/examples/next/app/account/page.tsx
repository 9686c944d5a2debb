import { messageFor } from "authjs-lazy/next/actions"
import Link from "next/link"
import { redirect } from "next/navigation"
import { convert } from "@/app/actions"
import { strings } from "@/app/strings"
import { auth } from "@/auth"
import { OpenIdButton } from "@/components/open-id-button"
import { PasswordForm } from "@/components/password-form"

type Query = Promise<{ code?: string; redirectTo?: string; callbackUrl?: string }>

export default async function Account({ searchParams }: { searchParams: Query }) {
  const current = await auth()
  if (current && !current.user.isLazy) redirect("/profile")
  const { code, callbackUrl, redirectTo = callbackUrl } = await searchParams
  return (
    <section className="card">
      <h1>Make your account</h1>
      <p className="quiet">Everything you have written stays yours, here and on your other devices.</p>
      <PasswordForm
        action={convert}
        field="email"
        button="Make my account"
        problem={code && messageFor(strings, code)}
        redirectTo={redirectTo}
      />
      <OpenIdButton />
      <p className="quiet">
        Have one already? <Link href="/signin">Sign in</Link>
      </p>
    </section>
  )
}
