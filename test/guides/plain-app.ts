/** A Next.js app with Auth.js, GitHub and tables of its own, before it has lazy users. */
export const plainApp: Record<string, string> = {
  "tsconfig.json": '{ "compilerOptions": { "module": "ESNext", "moduleResolution": "bundler", "paths": { "@/*": ["./*"] } } }',
  "drizzle.config.ts": `import { defineConfig } from "drizzle-kit"

export default defineConfig({
  dialect: "postgresql",
  schema: "./db/schema.ts",
  out: "./drizzle",
  dbCredentials: { url: process.env.DATABASE_URL ?? "" },
})
`,
  "db/index.ts": `import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"

export const db = drizzle(postgres(process.env.DATABASE_URL ?? ""))
`,
  "db/schema.ts": `import { integer, pgTable, primaryKey, serial, text, timestamp } from "drizzle-orm/pg-core"

export const users = pgTable("user", {
  id: text("id")
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID()),
  name: text("name"),
  email: text("email").unique(),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
})

const userId = () =>
  text("userId")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" })

export const accounts = pgTable(
  "account",
  {
    userId: userId(),
    type: text("type").notNull(),
    provider: text("provider").notNull(),
    providerAccountId: text("providerAccountId").notNull(),
    refresh_token: text("refresh_token"),
    access_token: text("access_token"),
    expires_at: integer("expires_at"),
    token_type: text("token_type"),
    scope: text("scope"),
    id_token: text("id_token"),
    session_state: text("session_state"),
  },
  (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
)

export const sessions = pgTable("session", {
  sessionToken: text("sessionToken").primaryKey(),
  userId: userId(),
  expires: timestamp("expires", { mode: "date" }).notNull(),
})

export const notes = pgTable("note", { id: serial("id").primaryKey(), userId: userId(), text: text("text").notNull() })
`,
  "auth.ts": `import { DrizzleAdapter } from "@auth/drizzle-adapter"
import NextAuth from "next-auth"
import GitHub from "next-auth/providers/github"
import { db } from "@/db"
import { accounts, sessions, users } from "@/db/schema"

export const { handlers, auth, signIn, signOut } = NextAuth({
  adapter: DrizzleAdapter(db, { usersTable: users, accountsTable: accounts, sessionsTable: sessions }),
  providers: [GitHub],
})
`,
  "app/api/auth/[...nextauth]/route.ts": `import { handlers } from "@/auth"

export const { GET, POST } = handlers
`,
  "app/page.tsx": `import { auth } from "@/auth"

export default async function Page() {
  const session = await auth()
  return <p>{session ? session.user?.email : "Sign in."}</p>
}
`,
  "next.config.ts": `import type { NextConfig } from "next"

const nextConfig: NextConfig = {}

export default nextConfig
`,
}
