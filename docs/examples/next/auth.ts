import { LazyProvider, type SessionUser } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import NextAuth from "next-auth"
import Nodemailer from "next-auth/providers/nodemailer"
import Passkey from "next-auth/providers/passkey"
import type { ConvertWay } from "@/components/convert-form"
import { db } from "@/database"
import {
  accountsTable,
  authenticatorsTable,
  passwordsTable,
  sessionsTable,
  usersTable,
  verificationTokensTable,
} from "@/database/schema"
import { rememberMerge } from "@/lib/remember-merge"

const { EMAIL_SERVER, EMAIL_FROM = "notebook@localhost", PASSKEY_ORIGIN } = process.env
const { OPENID_ID = "openid", OPENID_NAME = "OpenID", OPENID_ISSUER, OPENID_CLIENT, OPENID_SECRET } = process.env

// So that `auth()` and `useSession()` know `id`, `isLazy` and `username`.
declare module "next-auth" {
  interface Session {
    user: SessionUser
  }
}

const tables = {
  usersTable,
  accountsTable,
  authenticatorsTable,
  sessionsTable,
  passwordsTable,
  verificationTokensTable,
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

// Without it, Auth.js takes the host that Next names, which is an internal one.
const passkey =
  PASSKEY_ORIGIN &&
  Passkey({ relayingParty: { id: new URL(PASSKEY_ORIGIN).hostname, name: "Notebook", origin: PASSKEY_ORIGIN } })

/** What the page with the convert form offers beside a password. */
export const ways: ConvertWay[] = [
  ...(openId ? [{ id: openId.id, name: openId.name, type: "oauth" as const }] : []),
  ...(passkey ? [{ id: "passkey", name: "Passkey", type: "passkey" as const }] : []),
  ...(EMAIL_SERVER ? [{ id: "nodemailer", name: "E-mail", type: "email" as const }] : []),
]

export const authConfig = withLazy({
  adapter: LazyAdapter(db, tables),
  providers: [
    // The address of nobody, for a column that demands one.
    LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` }),
    PasswordProvider(),
    ConvertProvider({ identifier: "email" }),
    ...(openId ? [openId] : []),
    ...(passkey ? [passkey] : []),
    ...(EMAIL_SERVER ? [Nodemailer({ server: EMAIL_SERVER, from: EMAIL_FROM })] : []),
  ],
  experimental: { enableWebAuthn: Boolean(passkey) },
  events: { mergeUser: rememberMerge },
  pages: { signIn: "/signin", error: "/signin" },
})

export const { handlers, signIn, signOut, auth } = NextAuth(authConfig)

/** For everyone: a visitor who isn't signed in becomes a lazy user with the first write. */
export const lazy = allowLazy(authConfig, { on: "write" })

/** For people with an account. */
export const real = requireReal(authConfig, { redirectTo: "/account" })
