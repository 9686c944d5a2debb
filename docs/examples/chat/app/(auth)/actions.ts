"use server"

import { CredentialsSignin } from "next-auth"
import { z } from "zod"
import { signIn } from "./auth"

const authFormSchema = z.object({ email: z.email(), password: z.string().min(6) })

export type AuthState = { status: "idle" | "success" | "failed" | "invalid_data" | "user_exists" | "password_weak" }

export async function login(_: AuthState, form: FormData): Promise<AuthState> {
  const input = authFormSchema.safeParse(Object.fromEntries(form))
  if (!input.success) return { status: "invalid_data" }
  try {
    const { email, password } = input.data
    await signIn("password", { username: email, password, redirect: false })
    return { status: "success" }
  } catch {
    return { status: "failed" }
  }
}

export async function register(_: AuthState, form: FormData): Promise<AuthState> {
  const input = authFormSchema.safeParse(Object.fromEntries(form))
  if (!input.success) return { status: "invalid_data" }
  try {
    await signIn("convert", { ...input.data, redirect: false })
    return { status: "success" }
  } catch (error) {
    const code = error instanceof CredentialsSignin ? error.code : undefined
    if (code === "email_taken") return { status: "user_exists" }
    if (code === "password_weak") return { status: "password_weak" }
    return { status: "failed" }
  }
}
