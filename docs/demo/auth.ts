import type { Provider } from "@auth/core/providers"
import { type LazyAuth, LazyProvider, withLazy } from "authjs-lazy"
import { type Database, LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"

/** All that an app has to say: the rest of the demo reads sessions and shows notes. */
export function createAuthConfig(db: Database, secret: string, others: Provider[]): LazyAuth {
  return withLazy({
    adapter: LazyAdapter(db),
    providers: [LazyProvider(), PasswordProvider(), ConvertProvider(), ...others],
    // Passkeys are an experiment of Auth.js, which would say so at the first request.
    experimental: { enableWebAuthn: true },
    logger: { warn: (code) => code !== "experimental-webauthn" && console.warn(`Auth.js: ${code}`) },
    pages: { signIn: "/signin", signOut: "/signout", error: "/signin", verifyRequest: "/check-mail" },
    secret,
    trustHost: true,
  })
}
