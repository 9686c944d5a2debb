"use server"

import { type SignInResult, signInResult } from "authjs-lazy/next/actions"
import { eq } from "drizzle-orm"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { strings } from "@/app/strings"
import { authConfig, lazy, openId, real, signIn, signOut } from "@/auth"
import { db } from "@/database"
import { notebooksOf } from "@/database/notebooks"
import { usersTable } from "@/database/schema"

export async function startNotebook(form: FormData) {
  const text = textOf(form)
  // The first write of a visitor makes the lazy user, in the gate of proxy.ts or here.
  const session = await lazy.session()
  if (!session || !text) return
  const { id } = await notebooksOf(session.user.id).start(text)
  redirect(`/notebooks/${id}`)
}

export async function writeMessage(id: string, form: FormData) {
  const text = textOf(form)
  const session = await lazy.session()
  if (!session || !text) return
  await notebooksOf(session.user.id).write(id, text)
  redirect(`/notebooks/${id}`)
}

export async function changeName(form: FormData) {
  const { user } = await real.session()
  await db
    .update(usersTable)
    .set({ name: textOf(form) })
    .where(eq(usersTable.id, user.id))
  redirect("/profile")
}

export async function enter(_previous: SignInResult | null, form: FormData) {
  return shown("/signin", await signInResult(authConfig, "password", form, { redirectTo: "/", strings }))
}

export async function continueWithOpenId() {
  if (openId) await signIn(openId.id, { redirectTo: "/" })
}

export async function leave() {
  await signOut({ redirectTo: "/signin" })
}

/** With `cacheComponents`, Next 16 drops the result of a form that is sent without JavaScript. */
async function shown(page: string, result: SignInResult): Promise<SignInResult> {
  const isScripted = (await headers()).has("next-action")
  if (!result.ok && !isScripted) redirect(`${page}?${new URLSearchParams({ code: result.code })}`)
  return result
}

function textOf(form: FormData): string {
  return String(form.get("text") ?? "")
    .replaceAll("\0", "")
    .trim()
    .slice(0, 2000)
}
