import Link from "next/link"
import { redirect } from "next/navigation"
import { convert } from "@/app/actions"
import { auth } from "@/auth"
import { PasswordForm } from "@/components/password-form"

export default async function Account({ searchParams }: { searchParams: Promise<{ error?: string }> }) {
  const current = await auth()
  if (current && !current.user.isLazy) redirect("/profile")
  const { error } = await searchParams
  return (
    <section className="card">
      <h1>Make your account</h1>
      <p className="quiet">Everything you have written stays yours, here and on your other devices.</p>
      <PasswordForm action={convert} field="email" button="Make my account" error={error} />
      <p className="quiet">
        Have one already? <Link href="/signin">Sign in</Link>
      </p>
    </section>
  )
}
