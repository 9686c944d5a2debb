import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import express from "express"
import postgres from "postgres"
import { RateLimiterDrizzle } from "rate-limiter-flexible"
import { LazyAdapter } from "../../src/drizzle.js"
import { allowLazy } from "../../src/express.js"
import { LazyProvider, withLazy } from "../../src/index.js"

// One of several servers of an app. It counts new lazy users in their shared database.

const db = drizzle(postgres(process.env.DATABASE_URL ?? "", { max: 5 }))

const rateLimits = pgTable("rate_limit", {
  key: text("key").primaryKey(),
  points: integer("points").notNull(),
  expire: timestamp("expire", { mode: "date", withTimezone: true }),
})

const perAddress = new RateLimiterDrizzle({
  storeClient: db,
  schema: rateLimits,
  keyPrefix: "lazy-address",
  points: Number(process.env.LIMIT),
  duration: 60 * 60,
})

const auth = withLazy({
  adapter: LazyAdapter(db),
  providers: [LazyProvider()],
  trustHost: true,
  lazy: { limits: { perAddress } },
})

const app = express()
app.get("/", allowLazy(auth), (_req, res) => void res.json({ pid: process.pid, id: res.locals.session?.user.id }))
app.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"))
