import { enter } from "@/app/actions"
import { PasswordForm } from "@/components/password-form"

export default async function SignIn({ searchParams }: { searchParams: Promise<{ error?: string; code?: string }> }) {
  const { error, code } = await searchParams
  return (
    <section className="card">
      <h1>Sign in</h1>
      <PasswordForm action={enter} field="username" button="Sign in" error={code ?? error} />
      <p className="quiet">
        New here? <a href="/">Just start writing</a>
      </p>
    </section>
  )
}
