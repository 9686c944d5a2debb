import { isLazy, type LazyConfig, LazyProvider } from "authjs-lazy"
import { LazyAdapter, lazyColumns } from "authjs-lazy/drizzle"
import { allowLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { pgTable, text } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import NextAuth, { type DefaultSession } from "next-auth"
import Discord from "next-auth/providers/discord"
import postgres from "postgres"

// An app that declares only the user of its sessions, as https://create.t3.gg does, and names of
// its own for what this library adds too.

declare module "next-auth" {
  interface Session extends DefaultSession {
    user: { id: string; role: "admin" | "member" } & DefaultSession["user"]
  }

  interface User {
    username: string | null
    role?: "admin" | "member"
  }
}

export const users = pgTable("users", { id: text("id").primaryKey(), ...lazyColumns() })

const authConfig = withLazy({
  adapter: LazyAdapter(drizzle(postgres("postgres://localhost/app"))),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider(), Discord],
  callbacks: {
    session: ({ session, user }) => ({ ...session, user: { ...session.user, id: user.id, role: "member" as const } }),
  },
} satisfies LazyConfig)

export const { handlers, auth, signIn, signOut } = NextAuth(authConfig)
export const lazy = allowLazy(authConfig)

export async function page(): Promise<["admin" | "member", boolean, string | null]> {
  const { user } = await requireReal(authConfig).session()
  return [user.role, user.isLazy, user.username]
}

export const told = async (): Promise<boolean> => isLazy(await auth())
