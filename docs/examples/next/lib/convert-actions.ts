"use server"

import { type SignInResult, signInResult } from "authjs-lazy/next/actions"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { authConfig } from "@/auth"

/** The path to go to after a success, unless the form names one in its field `redirectTo`. */
const HOME = "/"

/** Makes an account with a password. */
export async function convert(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  return shown("convert", await signInResult(authConfig, "convert", form, { redirectTo: HOME }))
}

/** Sends a link by e-mail, through the provider that the form names. */
export async function sendLink(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  const provider = providerOf(form)
  // Without JavaScript, a page of Auth.js says that the link was sent.
  const redirect = !(await isScripted())
  return shown(provider, await signInResult(authConfig, provider, form, { redirectTo: HOME, redirect }))
}

/** Goes to the OAuth provider that the button names. */
export async function continueWith(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  const provider = providerOf(form)
  return shown(provider, await signInResult(authConfig, provider, form, { redirectTo: HOME }))
}

const providerOf = (form: FormData) => String(form.get("provider"))

const isScripted = async () => (await headers()).has("next-action")

/**
 * Redirects a form that was sent without JavaScript back to its page, with the code and the provider
 * in the address. With `cacheComponents`, Next 16 drops the result of such a form.
 */
async function shown(provider: string, result: SignInResult): Promise<SignInResult> {
  if (result.ok || (await isScripted())) return result
  const sent = await headers()
  const page = sent.get("referer")
  // Next has compared `Origin` with its own address.
  if (page === null || !URL.canParse(page) || new URL(page).origin !== sent.get("origin")) return result
  const back = new URL(page)
  back.searchParams.set("code", result.code)
  back.searchParams.set("from", provider)
  return redirect(back.href)
}
