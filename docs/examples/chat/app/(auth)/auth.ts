import { LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { compare } from "bcrypt-ts"
import NextAuth, { type DefaultSession } from "next-auth"
import { db } from "@/lib/db/client"
import { password, user } from "@/lib/db/schema"
import { authConfig } from "./auth.config"

export type UserType = "guest" | "regular"

declare module "next-auth" {
  interface Session extends DefaultSession {
    user: { id: string; type: UserType } & DefaultSession["user"]
  }

  interface User {
    id?: string
    email?: string | null
    type: UserType
  }
}

export const lazyAuth = withLazy({
  ...authConfig,
  adapter: LazyAdapter(db, { usersTable: user, passwordsTable: password }),
  session: { strategy: "jwt" },
  providers: [
    LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` }),
    ConvertProvider({ identifier: "email" }),
    PasswordProvider({
      legacyHash: user.password,
      verifyOther: (hash, password) => compare(password, hash),
    }),
  ],
  callbacks: {
    session({ session }) {
      session.user.type = session.user.isLazy ? "guest" : "regular"
      return session
    },
  },
})

export const {
  handlers: { GET, POST },
  auth,
  signIn,
  signOut,
} = NextAuth(lazyAuth)

export const lazy = allowLazy(lazyAuth)
