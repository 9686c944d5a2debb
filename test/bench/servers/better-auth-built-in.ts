import { betterAuth } from "better-auth"
import pg from "pg"
import { driver } from "../settings.js"
import { betterAuthOptions } from "./better-auth-options.js"
import { databaseUrl } from "./connect.js"
import { serve } from "./serve.js"

const database = new pg.Pool({ connectionString: databaseUrl(), max: driver.poolSize })
const auth = betterAuth({ ...betterAuthOptions, database })

await serve(auth.handler)
