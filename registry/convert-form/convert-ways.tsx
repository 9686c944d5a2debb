"use client"

import { messageFor } from "authjs-lazy/react"
import { useActionState, useEffect, useRef } from "react"
import { continueWith, sendLink } from "@/lib/convert-actions"
import { Field, Problem, refusedCode, SECOND_BUTTON } from "./convert-field"

interface ConvertWayProps {
  /** Messages by the code of a refusal. */
  errors: Readonly<Record<string, string | undefined>>
  /** The code of a refusal of this way that the address of the page holds. */
  code: string | undefined
  redirectTo?: string | undefined
}

interface ConvertOAuthProps extends ConvertWayProps {
  providers: readonly { id: string; label: string }[]
}

/** A button for each OAuth provider. Works without JavaScript. */
export function ConvertOAuth({ providers, errors, code, redirectTo }: ConvertOAuthProps) {
  const [result, send, isPending] = useActionState(continueWith, null)
  const refused = refusedCode(result, code)
  return (
    <form data-slot="convert-oauth" action={send} className="grid gap-3">
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      {providers.map(({ id, label }) => (
        <button key={id} type="submit" name="provider" value={id} disabled={isPending} className={SECOND_BUTTON}>
          {label}
        </button>
      ))}
      {refused && <Problem>{messageFor({ errors }, refused)}</Problem>}
    </form>
  )
}

interface ConvertEmailProps extends ConvertWayProps {
  provider: string
  texts: { label: string; submit: string; sent: string }
}

/** Asks for an address and sends a link there. Works without JavaScript. */
export function ConvertEmail({ provider, texts, errors, code, redirectTo }: ConvertEmailProps) {
  const [result, send, isPending] = useActionState(sendLink, null)
  const refused = refusedCode(result, code)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (result?.ok === false) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
  }, [result])
  return (
    <form ref={form} data-slot="convert-email" action={send} className="grid gap-3">
      <input type="hidden" name="provider" value={provider} />
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      <Field name="email" type="email" label={texts.label} error={refused && messageFor({ errors }, refused)} />
      <button type="submit" disabled={isPending} className={SECOND_BUTTON}>
        {texts.submit}
      </button>
      <p role="status" className="text-sm text-muted-foreground empty:hidden">
        {result?.ok && texts.sent}
      </p>
    </form>
  )
}
