import { LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, optionalSession, requireLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/postgres-js"
import { redirect } from "next/navigation"
import NextAuth from "next-auth"
import Credentials from "next-auth/providers/credentials"
import Nodemailer from "next-auth/providers/nodemailer"
import postgres from "postgres"

const { DATABASE_URL = "", SESSION, MAIL, ISSUER, DOMAIN } = process.env

const adapter = LazyAdapter(drizzle(postgres(DATABASE_URL)))

const config = {
  adapter,
  session: { strategy: SESSION },
  ...(DOMAIN && { cookies: { sessionToken: { options: { domain: DOMAIN } } } }),
  providers: [
    LazyProvider(),
    PasswordProvider(),
    ConvertProvider(),
    Credentials({ id: "own", credentials: { id: {} }, authorize: ({ id }) => adapter.getUser(id) }),
    Nodemailer({ server: MAIL ?? "smtp://127.0.0.1:1", from: "app@app.test" }),
    {
      id: "one",
      name: "one",
      type: "oidc",
      issuer: ISSUER ?? "http://127.0.0.1:1",
      clientId: "one",
      clientSecret: "secret of one",
      checks: ["pkce", "state"],
    },
    { id: "down", name: "down", type: "oidc", issuer: "http://127.0.0.1:1", clientId: "down", clientSecret: "down" },
  ],
  callbacks: {
    signIn({ credentials }) {
      if (credentials?.ask === "redirect") redirect("/gated?redirected")
      if (credentials?.ask === "elsewhere") return "/app/form?elsewhere"
      return credentials?.ask !== "no"
    },
  },
  lazy: { limits: { perAddress: false } },
}

export const authConfig = withLazy(config)

export const { handlers, signIn, signOut, auth } = NextAuth(authConfig)
export const lazy = allowLazy(authConfig)
export const onlyLazy = requireLazy(authConfig)
export const real = requireReal(authConfig, { redirectTo: "/app/form" })
export const optional = optionalSession(authConfig)

/** The mistake of an app that builds its configuration once: one for all visitors. */
export const { handlers: sharedHandlers } = NextAuth(withLazy({ ...config, basePath: "/app/api/shared" })())
