"use client"

import { messageFor } from "authjs-lazy/react"
import { useActionState, useEffect, useRef, useState } from "react"
import { convert } from "@/lib/convert-actions"
import { BUTTON, Field, type FieldProps, Problem, refusedCode } from "./convert-field"
import { PasswordStrength, type PasswordStrengthTexts } from "./password-strength"

/** What the form says. A server component can only pass plain texts to the browser. */
export interface ConvertPasswordTexts extends PasswordStrengthTexts {
  identifierLabel: string
  identifierHint: string
  passwordLabel: string
  passwordHint: string
  showPassword: string
  hidePassword: string
  submit: string
}

interface ConvertPasswordProps {
  identifier: "username" | "email"
  texts: ConvertPasswordTexts
  /** Messages by the code of a refusal. */
  errors: Readonly<Record<string, string | undefined>>
  /** The code of a refusal that the address of the page holds. */
  code?: string | undefined
  redirectTo?: string | undefined
}

/** Makes an account with a password. Works without JavaScript; with it, what was typed stays. */
export function ConvertPassword({ identifier, texts, errors, code, redirectTo }: ConvertPasswordProps) {
  const [result, send, isPending] = useActionState(convert, null)
  const [typed, setTyped] = useState("")
  const [password, setPassword] = useState("")
  const [isShown, setShown] = useState<boolean>()
  // A refusal is about the password that was sent, and goes when another one is typed.
  const [typedAfter, setTypedAfter] = useState<typeof result>()
  const form = useRef<HTMLFormElement>(null)
  const refused = refusedCode(result, code)
  const message = refused && messageFor({ errors }, refused)
  const field = refused && fieldOf(refused, identifier)
  useEffect(() => {
    if (result?.ok === false) form.current?.querySelector<HTMLElement>("[aria-invalid=true], [role=alert]")?.focus()
  }, [result])
  return (
    <form
      ref={form}
      data-slot="convert-password"
      action={send}
      className="grid gap-5"
      // React resets the form after the action: to this name, and to no password.
      onSubmit={({ currentTarget }) => {
        setTyped(String(new FormData(currentTarget).get(identifier) ?? ""))
        // Browsers store what was typed into a text field, to suggest it later.
        setShown(false)
      }}
      onReset={() => setPassword("")}
    >
      {message && !field && <Problem>{message}</Problem>}
      {redirectTo && <input type="hidden" name="redirectTo" value={redirectTo} />}
      <Field
        name={identifier}
        type={identifier === "email" ? "email" : "text"}
        label={texts.identifierLabel}
        hint={texts.identifierHint}
        error={field === identifier ? message : undefined}
        defaultValue={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <PasswordField
        texts={texts}
        isShown={isShown}
        setShown={setShown}
        error={field === "password" && typedAfter !== result ? message : undefined}
        onInput={({ currentTarget }) => {
          setPassword(currentTarget.value)
          setTypedAfter(result)
        }}
      >
        <PasswordStrength
          password={password}
          userInput={typed}
          texts={texts}
          tooLong={messageFor({ errors }, "password_too_long")}
        />
      </PasswordField>
      <button
        type="submit"
        disabled={isPending}
        className={`${BUTTON} bg-primary text-primary-foreground hover:bg-primary/90`}
      >
        {texts.submit}
      </button>
    </form>
  )
}

interface PasswordFieldProps extends Pick<FieldProps, "error" | "onInput" | "children"> {
  texts: ConvertPasswordTexts
  /** Undefined until there is JavaScript, without which nothing could show it. */
  isShown: boolean | undefined
  setShown: (isShown: boolean) => void
}

function PasswordField({ texts, isShown, setShown, ...field }: PasswordFieldProps) {
  useEffect(() => setShown(false), [setShown])
  return (
    <Field
      {...field}
      name="password"
      type={isShown ? "text" : "password"}
      autoComplete="new-password"
      label={texts.passwordLabel}
      hint={texts.passwordHint}
      aside={
        isShown !== undefined && (
          <button
            type="button"
            className="cursor-pointer rounded-sm text-sm text-muted-foreground underline underline-offset-4 outline-none hover:text-foreground focus-visible:ring-[3px] focus-visible:ring-ring"
            onClick={() => setShown(!isShown)}
          >
            {isShown ? texts.hidePassword : texts.showPassword}
          </button>
        )
      }
    />
  )
}

/** Names the field at fault, by the first word of the code. */
function fieldOf(code: string, identifier: string): string | undefined {
  return ["password", identifier].find((field) => code.startsWith(`${field}_`))
}
