import { gate, isLazy, LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, type GateSession, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/postgres-js"
import NextAuth, { type DefaultSession, type Session } from "next-auth"
import type { DefaultJWT } from "next-auth/jwt"
import Credentials from "next-auth/providers/credentials"
import postgres from "postgres"

// An app that declares a user type of its own, required on each user and token, as
// https://github.com/vercel/chatbot does.

type UserType = "guest" | "regular"

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

const authConfig = withLazy({
  adapter: LazyAdapter(drizzle(postgres("postgres://localhost/app"))),
  providers: [
    LazyProvider(),
    PasswordProvider(),
    ConvertProvider({ identifier: "email" }),
    Credentials({
      id: "legacy",
      credentials: {},
      authorize: () => ({ id: "1", email: "ada@example.com", type: "regular" as const }),
    }),
  ],
  callbacks: {
    jwt({ token, user }) {
      if (user) {
        token.id = user.id as string
        token.type = isLazy(user) ? "guest" : "regular"
      }
      return token
    },
    session({ session, token }) {
      if (session.user) {
        session.user.id = token.id
        session.user.type = token.type
      }
      return session
    },
  },
})

export const { handlers, auth, signIn, signOut } = NextAuth(authConfig)
export const lazy = allowLazy(authConfig)
export const real = requireReal(authConfig, { redirectTo: "/register" })

export async function page(): Promise<[string, UserType, boolean, string | null]> {
  const { user } = await real.session()
  return [user.id, user.type, user.isLazy, user.username]
}

export async function elsewhere(): Promise<UserType | undefined> {
  const session: Session | null = await auth()
  const told: boolean = isLazy(session)
  const marked: boolean | undefined = session?.user.isLazy
  // @ts-expect-error: next-auth promises no more than the declarations above
  session?.user.isLazy satisfies boolean
  return told || marked ? undefined : session?.user.type
}

/** What the app wrote for its own sessions takes those of a gate. */
export async function own(request: Request): Promise<void> {
  const show = (session: Session) => session.user.type
  const result = await gate(request, authConfig)
  if (result.session) show(result.session)
  const found: GateSession | null = await lazy.session()
  if (found) show(found)
}
