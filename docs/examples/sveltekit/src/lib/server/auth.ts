import { LazyProvider, type SessionUser, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { db } from "./db.js"

// So that `event.locals.auth()` knows `isLazy` and `username`.
declare module "@auth/core/types" {
  interface Session {
    user: SessionUser
  }
}

export const authConfig = withLazy({
  adapter: LazyAdapter(db),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
  // SvelteKit knows its address by ORIGIN; without this @auth/sveltekit believes it in development alone.
  trustHost: true,
})
