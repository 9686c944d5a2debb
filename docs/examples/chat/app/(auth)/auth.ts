import { compare } from "bcrypt-ts"
import NextAuth, { type DefaultSession } from "next-auth"
import type { DefaultJWT } from "next-auth/jwt"
import Credentials from "next-auth/providers/credentials"
import { DUMMY_PASSWORD } from "@/lib/constants"
import { createGuestUser, getUser } from "@/lib/db/queries"
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

declare module "next-auth/jwt" {
  interface JWT extends DefaultJWT {
    id: string
    type: UserType
  }
}

export const {
  handlers: { GET, POST },
  auth,
  signIn,
  signOut,
} = NextAuth({
  ...authConfig,
  providers: [
    Credentials({
      credentials: { email: {}, password: {} },
      async authorize(credentials) {
        const [found] = await getUser(String(credentials.email ?? ""))
        const matches = await compare(String(credentials.password ?? ""), found?.password ?? DUMMY_PASSWORD)
        return found?.password && matches ? { ...found, type: "regular" } : null
      },
    }),
    Credentials({
      id: "guest",
      credentials: {},
      async authorize() {
        const [guest] = await createGuestUser()
        return { ...guest, type: "guest" }
      },
    }),
  ],
  callbacks: {
    jwt({ token, user }) {
      if (user) {
        token.id = user.id as string
        token.type = user.type
      }
      return token
    },
    session({ session, token }) {
      session.user.id = token.id
      session.user.type = token.type
      return session
    },
  },
})
