"use client"

import { passwordStrength, type PasswordStrength as Strength } from "authjs-lazy/react"
import { useEffect, useState } from "react"

/** What the meter says, from what the server refuses to what nobody guesses. */
export interface PasswordStrengthTexts {
  weak: string
  fair: string
  good: string
  strong: string
}

interface PasswordStrengthProps {
  password: string
  /** What an attacker tries first: the name or the address. */
  userInput: string
  texts: PasswordStrengthTexts
  /** Said instead of a strength. */
  tooLong: string
}

/**
 * Shows how strong a password is, by the rule of the server. The password stays in the browser; the
 * eighth character loads zxcvbn (about 235 kB gzipped). If that fails, there is no meter.
 */
export function PasswordStrength({ password, userInput, texts, tooLong }: PasswordStrengthProps) {
  const strength = useStrength(password, userInput)
  const level = strength === null ? 0 : strength.code === null ? Math.max(2, strength.score) : 1
  const label = { 1: texts.weak, 2: texts.fair, 3: texts.good, 4: texts.strong }[level]
  return (
    <div data-slot="password-strength" className="flex min-h-5 items-center gap-3">
      <div aria-hidden="true" className="flex flex-1 gap-1">
        {[1, 2, 3, 4].map((step) => (
          <span key={step} className={`h-1.5 flex-1 rounded-full ${step > level ? "bg-border" : colour(level)}`} />
        ))}
      </div>
      <span role="status" className="min-w-20 text-right text-xs text-muted-foreground empty:hidden">
        {strength?.code === "password_too_long" ? tooLong : label}
      </span>
    </div>
  )
}

const colour = (level: number) => (level === 1 ? "bg-destructive" : "bg-primary")

/** Scores what stands still for a moment, so that a screen reader isn't told of each letter. */
function useStrength(password: string, userInput: string): Strength | null {
  const [scored, setScored] = useState<{ password: string; strength: Strength } | null>(null)
  useEffect(() => {
    if (password === "") return setScored(null)
    let isCurrent = true
    const timer = setTimeout(async () => {
      // Without a network there is no meter. The server checks the password in any case.
      const strength = await passwordStrength(password, [userInput]).catch(() => null)
      if (isCurrent) setScored(strength && { password, strength })
    }, 250)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [password, userInput])
  return password === "" ? null : (scored?.strength ?? null)
}
