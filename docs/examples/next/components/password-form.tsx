"use client"

import type { SignInResult } from "authjs-lazy/next/actions"
import { useActionState } from "react"

interface PasswordFormProps {
  action: (previous: SignInResult | null, form: FormData) => Promise<SignInResult>
  /** What the provider calls the address. */
  field: "email" | "username"
  button: string
  /** Why somebody was sent here. */
  problem?: string | undefined
  /** Where to go afterwards. */
  redirectTo?: string | undefined
}

/** E-mail and password. Works without JavaScript too. */
export function PasswordForm({ action, field, button, problem, redirectTo }: PasswordFormProps) {
  const [result, send, isPending] = useActionState(action, null)
  const message = result && !result.ok ? result.message : problem
  return (
    <form action={send} className="fields">
      {message && <p role="alert">{message}</p>}
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      <label>
        E-mail
        <input type="email" name={field} autoComplete="username" required />
      </label>
      <label>
        Password
        <input
          type="password"
          name="password"
          autoComplete={field === "email" ? "new-password" : "current-password"}
          required
        />
      </label>
      <button type="submit" disabled={isPending}>
        {button}
      </button>
    </form>
  )
}
