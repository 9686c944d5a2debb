import { drizzleAdapter } from "@better-auth/drizzle-adapter"
import { betterAuth } from "better-auth"
import { drizzle } from "drizzle-orm/postgres-js"
import { betterAuthOptions } from "./better-auth-options.js"
import { schema } from "./better-auth-tables.js"
import { connect } from "./connect.js"
import { serve } from "./serve.js"

const database = drizzleAdapter(drizzle(connect(), { schema }), { provider: "pg", schema })
const auth = betterAuth({ ...betterAuthOptions, database })

await serve(auth.handler)
