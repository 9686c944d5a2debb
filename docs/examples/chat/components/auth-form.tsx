"use client"

import { useRouter } from "next/navigation"
import { useSession } from "next-auth/react"
import { useActionState, useEffect } from "react"
import type { AuthState } from "@/app/(auth)/actions"

interface AuthFormProps {
  action: (state: AuthState, form: FormData) => Promise<AuthState>
  button: string
}

/** The form of both pages, login and register. */
export function AuthForm({ action, button }: AuthFormProps) {
  const router = useRouter()
  const { update } = useSession()
  const [{ status }, send, pending] = useActionState<AuthState, FormData>(action, { status: "idle" })

  useEffect(() => {
    if (status !== "success") return
    void update()
    router.replace("/")
    router.refresh()
  }, [status])

  return (
    <form action={send}>
      <label>
        E-mail
        <input type="email" name="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input type="password" name="password" autoComplete="current-password" required />
      </label>
      <button type="submit" disabled={pending}>
        {button}
      </button>
      {PROBLEMS[status] && <p role="alert">{PROBLEMS[status]}</p>}
    </form>
  )
}

const PROBLEMS: Partial<Record<AuthState["status"], string>> = {
  failed: "That did not work.",
  password_weak: "This password is too easy to guess.",
  invalid_data: "Enter an e-mail address, and a password of at least six characters.",
  user_exists: "This account exists already.",
}
