import type { Driver } from "../look/database.js"
import { outdent } from "../look/source-text.js"

/** Writes the module that opens the database, as the examples do. */
export function databaseModule(driver: Driver, variable: string, sveltekit = false): string {
  const write = sveltekit && driver === "postgres" ? inSvelteKit : WRITE[driver]
  return outdent(write(`process.env.${variable} ?? "postgres://localhost/app"`))
}

/** As SvelteKit's node adapter ends a server. */
const inSvelteKit = (address: string) => `
  import { drizzle } from "drizzle-orm/postgres-js"
  import postgres from "postgres"

  const client = postgres(${address}, { onnotice: () => {} })
  process.on("sveltekit:shutdown", () => client.end())

  export const db = drizzle(client)
`

const WRITE: Record<Driver, (address: string) => string> = {
  postgres: (address) => `
    import { drizzle } from "drizzle-orm/postgres-js"
    import postgres from "postgres"

    export const db = drizzle(postgres(${address}, { onnotice: () => {} }))
  `,
  pg: (address) => `
    import { drizzle } from "drizzle-orm/node-postgres"
    import { Pool } from "pg"

    const pool = new Pool({ connectionString: ${address} })
    // A connection that breaks would otherwise end the process.
    pool.on("error", console.error)
    pool.on("connect", (client) => void client.on("error", console.error))

    export const db = drizzle(pool)
  `,
  "@neondatabase/serverless": (address) => `
    import { Pool } from "@neondatabase/serverless"
    import { drizzle } from "drizzle-orm/neon-serverless"

    export const db = drizzle(new Pool({ connectionString: ${address} }))
  `,
  "@electric-sql/pglite": () => `
    import { PGlite } from "@electric-sql/pglite"
    import { drizzle } from "drizzle-orm/pglite"

    // The folder of the database, which one process at a time can have open.
    export const db = drizzle(new PGlite(".pglite"))
  `,
}
