import { LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, optionalSession, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/postgres-js"
import NextAuth from "next-auth"
import postgres from "postgres"

export const client = postgres(process.env.DATABASE_URL ?? "postgres://localhost/matrix", { max: 2 })

export const authConfig = withLazy({
  adapter: LazyAdapter(drizzle(client)),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
})

export const { handlers, auth, signIn, signOut } = NextAuth(authConfig)
export const lazy = allowLazy(authConfig)
export const real = requireReal(authConfig)
export const optional = optionalSession(authConfig)
