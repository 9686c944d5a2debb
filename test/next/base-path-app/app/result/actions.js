"use server"

import { signInResult } from "authjs-lazy/next/actions"
import { authConfig } from "../../auth"

export async function send(_previous, form) {
  const { provider, to, stay, ask } = Object.fromEntries(form)
  form.delete("provider")
  return signInResult(authConfig, provider, ask === "object" ? Object.fromEntries(form) : form, {
    ...(to && { redirectTo: to }),
    ...(stay && { redirect: false }),
    strings: { errors: { password_mismatch: "Zwei verschiedene." } },
  })
}
