"use server"

import { eq } from "drizzle-orm"
import { redirect } from "next/navigation"
import { CredentialsSignin } from "next-auth"
import { lazy, openId, real, signIn, signOut } from "@/auth"
import { db } from "@/database"
import { notebooksOf } from "@/database/notebooks"
import { usersTable } from "@/database/schema"

export async function startNotebook(form: FormData) {
  const text = textOf(form)
  // Whoever's session has run out since the page was shown becomes a new lazy user, and loses no word.
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

export async function convert(form: FormData) {
  await signInOrExplain("convert", form, "/account")
}

export async function enter(form: FormData) {
  await signInOrExplain("password", form, "/signin")
}

export async function continueWithOpenId() {
  if (openId) await signIn(openId.id, { redirectTo: "/" })
}

export async function leave() {
  await signOut({ redirectTo: "/signin" })
}

async function signInOrExplain(provider: string, form: FormData, page: string) {
  try {
    await signIn(provider, { ...Object.fromEntries(form), redirectTo: "/" })
  } catch (error) {
    if (error instanceof CredentialsSignin) redirect(`${page}?error=${error.code}`)
    throw error
  }
}

function textOf(form: FormData): string {
  return String(form.get("text") ?? "")
    .replaceAll("\0", "")
    .trim()
    .slice(0, 2000)
}
