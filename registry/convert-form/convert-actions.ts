"use server"

import { type SignInResult, signInResult } from "authjs-lazy/next/actions"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { authConfig } from "@/auth"

/** Where the browser goes afterwards. The field `redirectTo` of the form comes before it. */
const HOME = "/"

/** Makes an account with a password. */
export async function convert(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  return shown(await signInResult(authConfig, "convert", form, { redirectTo: HOME }))
}

/** Sends a link by e-mail, through the provider that the form names. */
export async function sendLink(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  // Without JavaScript, Auth.js has a page that says where the link went.
  const redirect = !(await isScripted())
  return shown(await signInResult(authConfig, providerOf(form), form, { redirectTo: HOME, redirect }))
}

/** Goes to the OAuth provider that the button names. */
export async function continueWith(_previous: SignInResult | null, form: FormData): Promise<SignInResult> {
  return shown(await signInResult(authConfig, providerOf(form), form, { redirectTo: HOME }))
}

const providerOf = (form: FormData) => String(form.get("provider"))

const isScripted = async () => (await headers()).has("next-action")

/**
 * Returns to the page with the code in its address where the form was sent without JavaScript: with
 * `cacheComponents`, Next 16 drops the result.
 */
async function shown(result: SignInResult): Promise<SignInResult> {
  if (result.ok || (await isScripted())) return result
  const sent = await headers()
  const page = sent.get("referer")
  // Next has compared `Origin` with its own address.
  if (page === null || !URL.canParse(page) || new URL(page).origin !== sent.get("origin")) return result
  const back = new URL(page)
  back.searchParams.set("code", result.code)
  return redirect(back.href)
}
