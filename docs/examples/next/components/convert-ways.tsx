"use client"

import { useActionState, useEffect, useRef } from "react"
import { continueWith, sendLink } from "@/lib/convert-actions"
import { BUTTON, Field, messageOf, Problem } from "./convert-password"

type Errors = Readonly<Record<string, string | undefined>>

const SECOND = `${BUTTON} border border-input bg-background text-foreground hover:bg-accent hover:text-accent-foreground`

interface ConvertOAuthProps {
  providers: readonly { id: string; label: string }[]
  errors: Errors
  redirectTo?: string | undefined
}

/** A button for each OAuth provider. Works without JavaScript. */
export function ConvertOAuth({ providers, errors, redirectTo }: ConvertOAuthProps) {
  const [result, send, isPending] = useActionState(continueWith, null)
  return (
    <form data-slot="convert-oauth" action={send} className="grid gap-3">
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      {providers.map(({ id, label }) => (
        <button key={id} type="submit" name="provider" value={id} disabled={isPending} className={SECOND}>
          {label}
        </button>
      ))}
      {result?.ok === false && <Problem>{messageOf(errors, result.code)}</Problem>}
    </form>
  )
}

interface ConvertEmailProps {
  provider: string
  texts: { label: string; submit: string; sent: string }
  errors: Errors
  redirectTo?: string | undefined
}

/** Asks for an address and sends a link there. Works without JavaScript. */
export function ConvertEmail({ provider, texts, errors, redirectTo }: ConvertEmailProps) {
  const [result, send, isPending] = useActionState(sendLink, null)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (result?.ok === false) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
  }, [result])
  return (
    <form ref={form} data-slot="convert-email" action={send} className="grid gap-3">
      <input type="hidden" name="provider" value={provider} />
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      <Field
        name="email"
        type="email"
        label={texts.label}
        error={result?.ok === false ? messageOf(errors, result.code) : undefined}
      />
      <button type="submit" disabled={isPending} className={SECOND}>
        {texts.submit}
      </button>
      <p role="status" className="text-sm text-muted-foreground empty:hidden">
        {result?.ok && texts.sent}
      </p>
    </form>
  )
}
