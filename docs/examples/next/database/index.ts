import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"

const { DATABASE_URL = "postgres://localhost/notebook" } = process.env

export const db = drizzle(postgres(DATABASE_URL, { max: 10, onnotice: () => {} }))
