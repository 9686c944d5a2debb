"use server"

import { z } from "zod"
import { createUser, getUser } from "@/lib/db/queries"
import { signIn } from "./auth"

const authFormSchema = z.object({ email: z.email(), password: z.string().min(6) })

export type AuthState = { status: "idle" | "success" | "failed" | "invalid_data" | "user_exists" }

export async function login(_: AuthState, form: FormData): Promise<AuthState> {
  const input = authFormSchema.safeParse(Object.fromEntries(form))
  if (!input.success) return { status: "invalid_data" }
  try {
    await signIn("credentials", { ...input.data, redirect: false })
    return { status: "success" }
  } catch {
    return { status: "failed" }
  }
}

export async function register(_: AuthState, form: FormData): Promise<AuthState> {
  const input = authFormSchema.safeParse(Object.fromEntries(form))
  if (!input.success) return { status: "invalid_data" }
  try {
    const [found] = await getUser(input.data.email)
    if (found) return { status: "user_exists" }
    await createUser(input.data.email, input.data.password)
    await signIn("credentials", { ...input.data, redirect: false })
    return { status: "success" }
  } catch {
    return { status: "failed" }
  }
}
