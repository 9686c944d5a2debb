import { LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { db } from "./db.js"

export const adapter = LazyAdapter(db)

/** What a reader has made in the page before. */
export const authConfig = withLazy({
  adapter,
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
})
