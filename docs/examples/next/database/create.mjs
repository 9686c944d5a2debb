import { join } from "node:path"
import postgres from "postgres"

const sql = postgres(process.env.DATABASE_URL ?? "postgres://localhost/notebook", { max: 1, onnotice: () => {} })
await sql.file(join(import.meta.dirname, "tables.sql"))
await sql.end()
