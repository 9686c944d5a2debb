import { Auth, type AuthConfig } from "@auth/core"
import Credentials from "@auth/core/providers/credentials"
import { drizzle } from "drizzle-orm/postgres-js"
import { usersTable } from "./auth-js-tables.js"
import { connect } from "./connect.js"
import { secret } from "./secret.js"
import { serve } from "./serve.js"

const db = drizzle(connect())

/**
 * Passwordless sign-in as apps write it by hand: a credentials provider that inserts a user, and
 * JWT sessions.
 */
const config: AuthConfig = {
  providers: [
    Credentials({
      credentials: {},
      async authorize() {
        const [user] = await db.insert(usersTable).values({ name: "Visitor" }).returning()
        return user ?? null
      },
    }),
  ],
  callbacks: {
    session({ session, token }) {
      session.user.id = token.sub ?? ""
      return session
    },
  },
  secret,
  trustHost: true,
  basePath: "/auth",
}

await serve((request) => Auth(request, config))
