import { messageFor } from "authjs-lazy/next/actions"
import Link from "next/link"
import { enter } from "@/app/actions"
import { strings } from "@/app/strings"
import { OpenIdButton } from "@/components/open-id-button"
import { PasswordForm } from "@/components/password-form"

export default async function SignIn({ searchParams }: { searchParams: Promise<{ error?: string; code?: string }> }) {
  const { error, code = error } = await searchParams
  return (
    <section className="card">
      <h1>Sign in</h1>
      <PasswordForm action={enter} problem={code && messageFor(strings, code)} />
      <OpenIdButton />
      <p className="quiet">
        New here?{" "}
        <Link href="/" prefetch={false}>
          Just start writing
        </Link>
      </p>
    </section>
  )
}
