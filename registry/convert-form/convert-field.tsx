"use client"

import type { SignInResult } from "authjs-lazy/next/actions"
import { type HTMLAttributes, type ReactNode, useId } from "react"

/** The look of the buttons of the form. */
export const BUTTON =
  "inline-flex min-h-10 w-full cursor-pointer items-center justify-center rounded-md px-4 py-2 text-sm font-medium outline-none focus-visible:ring-[3px] focus-visible:ring-ring disabled:opacity-60"

/** The look of the buttons beside the main one. */
export const SECOND_BUTTON = `${BUTTON} border border-input bg-background text-foreground hover:bg-accent hover:text-accent-foreground`

/** Returns the code of a refusal: that of the page's address until the action has a result. */
export function refusedCode(result: SignInResult | null, code: string | undefined): string | undefined {
  if (result === null) return code
  return result.ok ? undefined : result.code
}

/** Says what went wrong where no field is at fault, or in a form without fields. */
export function Problem({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} role="alert" tabIndex={-1} className="wrap-anywhere text-sm font-medium text-destructive outline-none">
      {children}
    </p>
  )
}

export interface FieldProps {
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
