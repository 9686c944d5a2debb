import { LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, requireLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { drizzle } from "drizzle-orm/postgres-js"
import NextAuth from "next-auth"
import postgres from "postgres"

const auth = withLazy({
  adapter: LazyAdapter(drizzle(postgres(process.env.DATABASE_URL ?? ""))),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
  lazy: { limits: { perAddress: false } },
})

export const { handlers, signIn, signOut, auth: session } = NextAuth(auth)
export const lazy = allowLazy(auth)
export const onlyLazy = requireLazy(auth)
export const real = requireReal(auth, "/app/form")
