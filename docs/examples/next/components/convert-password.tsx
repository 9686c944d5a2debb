"use client"

import { type HTMLAttributes, type ReactNode, useActionState, useEffect, useId, useRef, useState } from "react"
import { convert } from "@/lib/convert-actions"
import { PasswordStrength, type PasswordStrengthTexts } from "./password-strength"

/** What the form says: plain texts alone, which a server component may hand over. */
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
  // What is typed after a refusal has not been refused.
  const [typedAfter, setTypedAfter] = useState<typeof result>()
  const form = useRef<HTMLFormElement>(null)
  const refused = result === null ? code : result.ok ? undefined : result.code
  const message = refused && messageOf(errors, refused)
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
        // The browser takes down what is in a text field, to offer it again.
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
          tooLong={messageOf(errors, "password_too_long")}
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

/** Says what went wrong where no field is at fault, or in a form without fields. */
export function Problem({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} role="alert" tabIndex={-1} className="wrap-anywhere text-sm font-medium text-destructive outline-none">
      {children}
    </p>
  )
}

interface FieldProps {
  name: string
  type: "text" | "email" | "password"
  label: string
  hint?: string
  error: string | undefined
  autoComplete?: string
  defaultValue?: string
  onInput?: HTMLAttributes<HTMLInputElement>["onInput"]
  /** Stands beside the label. */
  aside?: ReactNode
  /** Stands below the input. */
  children?: ReactNode
}

/** A labelled input, with its hint and its error. */
export function Field({ name, label, hint, error, aside, children, ...input }: FieldProps) {
  const id = useId()
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ")
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center justify-between gap-x-4">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {aside}
      </div>
      <input
        id={id}
        name={name}
        autoComplete={name}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        required
        aria-describedby={describedBy || undefined}
        aria-invalid={error ? true : undefined}
        className="h-10 w-full min-w-0 rounded-md border border-input bg-background px-3 text-base text-foreground outline-none focus-visible:border-ring focus-visible:ring-[3px] focus-visible:ring-ring aria-invalid:border-destructive sm:text-sm"
        {...input}
      />
      {children}
      {error && <Problem id={`${id}-error`}>{error}</Problem>}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted-foreground">
          {hint}
        </p>
      )}
    </div>
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

/** Returns the message for a code, and a general one for a code without a message. */
export function messageOf(errors: Readonly<Record<string, string | undefined>>, code: string): string {
  return (Object.hasOwn(errors, code) ? errors[code] : undefined) ?? errors.refused ?? code
}

/** The look of the buttons of the form. */
export const BUTTON =
  "inline-flex min-h-10 w-full cursor-pointer items-center justify-center rounded-md px-4 py-2 text-sm font-medium outline-none focus-visible:ring-[3px] focus-visible:ring-ring disabled:opacity-60"
