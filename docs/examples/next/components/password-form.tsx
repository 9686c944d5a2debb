"use client"

import type { SignInResult } from "authjs-lazy/next/actions"
import { useActionState } from "react"

interface PasswordFormProps {
  action: (previous: SignInResult | null, form: FormData) => Promise<SignInResult>
  /** The message for a refusal that the address of the page holds. */
  problem?: string | undefined
}

/** Signs in by e-mail address and password. Works without JavaScript. */
export function PasswordForm({ action, problem }: PasswordFormProps) {
  const [result, send, isPending] = useActionState(action, null)
  const message = result && !result.ok ? result.message : problem
  return (
    <form action={send} className="fields">
      {message && <p role="alert">{message}</p>}
      <label>
        E-mail
        <input type="email" name="username" autoComplete="username" required />
      </label>
      <label>
        Password
        <input type="password" name="password" autoComplete="current-password" required />
      </label>
      <button type="submit" disabled={isPending}>
        Sign in
      </button>
    </form>
  )
}
