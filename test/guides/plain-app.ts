/** A Next.js app with Auth.js, GitHub and tables of its own, before it has lazy users. */
export const plainApp: Record<string, string> = {
  "tsconfig.json":
    '{ "compilerOptions": { "module": "ESNext", "moduleResolution": "bundler", "paths": { "@/*": ["./*"] } } }',
  // Without drizzle-kit's own `defineConfig`: the app runs the drizzle-kit of this repository.
  "drizzle.config.ts": `export default {
  dialect: "postgresql",
  schema: "./db/schema.ts",
  out: "./drizzle",
  dbCredentials: { url: process.env.DATABASE_URL ?? "" },
}
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

export const notes = pgTable("note", {
  id: serial("id").primaryKey(),
  userId: text("userId")
    .notNull()
    .references(() => users.id),
  text: text("text").notNull(),
})
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

/** The files of the app with the lines that `init` prints, and with what the doctor asks for. */
export const edited: Record<string, string> = {
  "db/schema.ts": changed("db/schema.ts", [
    ["import { integer,", 'import { lazyColumns, lazyIndex } from "authjs-lazy/drizzle"\nimport { index, integer,'],
    [
      '  image: text("image"),\n})',
      `  image: text("image"),
    ...lazyColumns(),
},
  (user) => [lazyIndex(user)],
)

export const passwords = pgTable("password", {
  userId: text("userId")
    .primaryKey()
    .references(() => users.id, { onDelete: "cascade" }),
  hash: text("hash").notNull(),
  updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow(),
})`,
    ],
    [
      "account.providerAccountId] })]",
      'account.providerAccountId] }), index("account_user_id_idx").on(account.userId)]',
    ],
    [
      'mode: "date" }).notNull(),\n})',
      'mode: "date" }).notNull(),\n}, (session) => [index("session_user_id_idx").on(session.userId)])',
    ],
    [
      '    .references(() => users.id),\n  text: text("text").notNull(),\n})',
      '    .references(() => users.id, { onDelete: "cascade" }),\n  text: text("text").notNull(),\n}, (note) => [index("note_user_id_idx").on(note.userId)])',
    ],
  ]),
  "auth.ts": changed("auth.ts", [
    [
      'import { DrizzleAdapter } from "@auth/drizzle-adapter"',
      `import { LazyProvider } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, requireReal, withLazy } from "authjs-lazy/next"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import { passwords } from "@/db/schema"`,
    ],
    ["export const { handlers, auth, signIn, signOut } = NextAuth({", "export const authConfig = withLazy({"],
    [
      "DrizzleAdapter(db, { usersTable: users, accountsTable: accounts, sessionsTable: sessions })",
      `LazyAdapter(db, {
    usersTable: users,
    accountsTable: accounts,
    sessionsTable: sessions,
    passwordsTable: passwords,
  })`,
    ],
    [
      "  providers: [GitHub],\n})\n",
      `  providers: [
    LazyProvider(),
    PasswordProvider(),
    ConvertProvider(),
    GitHub({ checks: ["pkce", "state"] }),
  ],
})
export const { handlers, auth, signIn, signOut } = NextAuth(authConfig)
export const lazy = allowLazy(authConfig)
export const real = requireReal(authConfig, { redirectTo: "/convert" })
`,
    ],
  ]),
  "next.config.ts": changed("next.config.ts", [
    [
      "NextConfig = {}",
      `NextConfig = {
  // So that the gate can tell a page that is loaded ahead from a click.
  skipProxyUrlNormalize: true,
}`,
    ],
  ]),
}

function changed(path: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${path} of the plain app has no ${from}`)
    return text.replace(from, () => to)
  }, plainApp[path] ?? "")
}
