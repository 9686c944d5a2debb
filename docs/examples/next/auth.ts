import { LazyProvider, type SessionUser } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import NextAuth from "next-auth"
import { db } from "@/database"
import { accountsTable, passwordsTable, sessionsTable, usersTable } from "@/database/schema"

const { OPENID_ID = "openid", OPENID_NAME = "OpenID", OPENID_ISSUER, OPENID_CLIENT, OPENID_SECRET } = process.env

// So that `auth()` and `useSession()` know `id`, `isLazy` and `username`.
declare module "next-auth" {
  interface Session {
    user: SessionUser
  }
}

/** An OpenID provider of any kind, where the environment names one. */
export const openId = OPENID_ISSUER
  ? {
      id: OPENID_ID,
      name: OPENID_NAME,
      type: "oidc" as const,
      issuer: OPENID_ISSUER,
      clientId: OPENID_CLIENT,
      clientSecret: OPENID_SECRET,
    }
  : undefined

export const authConfig = withLazy({
  adapter: LazyAdapter(db, { usersTable, accountsTable, sessionsTable, passwordsTable }),
  providers: [
    // The address of nobody, for a column that demands one.
    LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` }),
    PasswordProvider(),
    ConvertProvider({ identifier: "email" }),
    ...(openId ? [openId] : []),
  ],
  pages: { signIn: "/signin", error: "/signin" },
})

export const { handlers, signIn, signOut, auth } = NextAuth(authConfig)

/** For everybody: a visitor who isn't signed in becomes a lazy user by the first write. */
export const lazy = allowLazy(authConfig, { on: "write" })

/** For people with an account. */
export const real = requireReal(authConfig, { redirectTo: "/account" })
