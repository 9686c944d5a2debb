import { LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { db } from "./db.js"

export const authConfig = withLazy({
  adapter: LazyAdapter(db),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
})
