import { Auth, type AuthConfig } from "@auth/core"
import { DrizzleAdapter } from "@auth/drizzle-adapter"
import { drizzle } from "drizzle-orm/postgres-js"
import { connect } from "./connect.js"
import { secret } from "./secret.js"
import { serve } from "./serve.js"

/**
 * Auth.js with database sessions, which its credentials providers can't create. Only reads them.
 */
const config: AuthConfig = {
  adapter: DrizzleAdapter(drizzle(connect())),
  providers: [],
  callbacks: {
    session({ session, user }) {
      session.user.id = user.id
      return session
    },
  },
  secret,
  trustHost: true,
  basePath: "/auth",
}

await serve((request) => Auth(request, config))
