"use client"

import { useLazy } from "authjs-lazy/react"
import Link from "next/link"
import { useId, useRef } from "react"

/** What the button and the dialog say. `{username}` stands for the name of the lazy user. */
export interface SignOutWarningTexts {
  signOut: string
  heading: string
  text: string
  convert: string
  stay: string
  lose: string
}

const english: SignOutWarningTexts = {
  signOut: "Sign out",
  heading: "You would lose what you made",
  text: "{username} has no account yet. After signing out, nobody can come back to what was made here, not even you.",
  convert: "Make an account",
  stay: "Stay signed in",
  lose: "Sign out and lose it",
}

interface SignOutWarningProps {
  /** The server action that signs out. */
  action: () => Promise<void>
  /** Path of the page with the convert form. */
  convertPage?: string
  texts?: Partial<SignOutWarningTexts>
  className?: string
}

/** Signs a real user out, and asks a lazy user first, who can't come back. */
export function SignOutWarning({ action, convertPage, texts, className = "" }: SignOutWarningProps) {
  const { status, isLazy, username, convertUrl } = useLazy(convertPage === undefined ? {} : { convertPage })
  const said = { ...english, ...texts }
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  if (status !== "authenticated") return null
  if (!isLazy)
    return (
      <form data-slot="sign-out-warning" action={action} className={className}>
        <button type="submit" className={PLAIN}>
          {said.signOut}
        </button>
      </form>
    )
  return (
    <div data-slot="sign-out-warning" className={className}>
      {/* The browser opens the dialog by these attributes, without JavaScript too. Where it doesn't know them: */}
      <button
        type="button"
        className={PLAIN}
        {...{ command: "show-modal", commandfor: id }}
        onClick={() => "command" in HTMLButtonElement.prototype || dialog.current?.showModal()}
      >
        {said.signOut}
      </button>
      <dialog
        ref={dialog}
        id={id}
        aria-labelledby={`${id}-heading`}
        aria-describedby={`${id}-text`}
        className="m-auto w-[calc(100%-2rem)] max-w-md rounded-lg border border-border bg-card p-6 text-card-foreground shadow-lg backdrop:bg-black/60"
      >
        <h2 id={`${id}-heading`} className="text-lg font-semibold">
          {said.heading}
        </h2>
        <p id={`${id}-text`} className="mt-2 wrap-anywhere text-sm text-muted-foreground">
          {said.text.replaceAll("{username}", () => username ?? "")}
        </p>
        <div className="mt-6 grid gap-3">
          <Link
            href={convertUrl}
            prefetch={false}
            className={`${BUTTON} bg-primary text-primary-foreground hover:bg-primary/90`}
            // The page below changes while the dialog stays.
            onClick={() => dialog.current?.close()}
          >
            {said.convert}
          </Link>
          <form method="dialog" className="grid">
            <button
              type="submit"
              className={`${BUTTON} border border-input hover:bg-accent hover:text-accent-foreground`}
            >
              {said.stay}
            </button>
          </form>
          <form action={action} className="grid">
            <button type="submit" className={`${BUTTON} text-destructive hover:bg-accent`}>
              {said.lose}
            </button>
          </form>
        </div>
      </dialog>
    </div>
  )
}

const FOCUS = "outline-none focus-visible:ring-[3px] focus-visible:ring-ring"
const BUTTON = `inline-flex min-h-9 cursor-pointer items-center justify-center rounded-md px-4 py-2 text-sm font-medium ${FOCUS}`
const PLAIN = `${BUTTON} hover:bg-accent hover:text-accent-foreground`
