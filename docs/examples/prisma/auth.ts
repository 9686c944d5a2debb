import { LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { prismaTables } from "authjs-lazy/prisma"
import { drizzle } from "drizzle-orm/node-postgres"
import { pool } from "./db.js"

export const authConfig = withLazy({
  adapter: LazyAdapter(drizzle(pool), prismaTables({ LazyOutcome: true })),
  providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
})
