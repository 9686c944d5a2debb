import type { Handle } from "@sveltejs/kit"
import { handleAuth, isLazy, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { requireReal as requireRealInExpress } from "authjs-lazy/express"
import { requireReal as requireRealInHono } from "authjs-lazy/hono"
import { type GateSession, requireReal } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { requireReal as requireRealInSvelteKit } from "authjs-lazy/sveltekit"
import { drizzle } from "drizzle-orm/postgres-js"
import express from "express"
import { Hono } from "hono"
import NextAuth, { type Session, type User } from "next-auth"
import postgres from "postgres"

// An app that declares nothing.

const authConfig = withLazy({
  adapter: LazyAdapter(drizzle(postgres("postgres://localhost/app"))),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
})

export const { handlers, auth, signIn, signOut } = NextAuth(authConfig)
export const answer = (request: Request): Promise<Response> => handleAuth(request, authConfig)

export async function page(): Promise<[string, boolean, string | null]> {
  const { user } = await requireReal(authConfig).session()
  return [user.id, user.isLazy, user.username]
}

express().get("/", requireRealInExpress(authConfig), (_request, response) => {
  const session: GateSession = response.locals.session
  response.json(session.user.username)
})
export const handle: Handle = requireRealInSvelteKit(authConfig)
new Hono().get("/", requireRealInHono(authConfig), (c) => c.json(c.var.session.user.isLazy))

export async function elsewhere(): Promise<[boolean, boolean | undefined, string | null | undefined]> {
  const session: Session | null = await auth()
  const user: User | undefined = session?.user
  return [isLazy(session), user?.isLazy, user?.username]
}
