import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import { Redis } from "ioredis"
import pg from "pg"
import postgres from "postgres"
import { RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible"
import { type Database, LazyAdapter } from "../../../src/drizzle.js"
import { LazyProvider, withLazy } from "../../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../../src/password.js"

const { DATABASE_URL = "", DRIVER = "pg", REDIS_PORT } = process.env

/** The open connections of a pool, and those of them that something holds. */
export interface PoolUse {
  open: number
  held: number
}

/** Opens the database as an app behind PgBouncer does. The driver postgres tells nothing of its pool. */
export function openDatabase(max: number): { db: Database; pool: () => PoolUse | undefined } {
  if (DRIVER === "postgres") {
    const sql = postgres(DATABASE_URL, { max, prepare: false, connect_timeout: 3, onnotice: () => {} })
    return { db: drizzlePostgres(sql), pool: () => undefined }
  }
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    max,
    connectionTimeoutMillis: 3000,
    query_timeout: 10_000,
  })
  // Without a listener, an idle connection that is lost ends the process.
  pool.on("error", () => {})
  return { db: drizzlePg(pool), pool: () => ({ open: pool.totalCount, held: pool.totalCount - pool.idleCount }) }
}

/** Makes the configuration of the app. */
export function makeAuth(db: Database) {
  const redis = new Redis({
    port: Number(REDIS_PORT),
    host: "127.0.0.1",
    enableOfflineQueue: false,
    commandTimeout: 500,
  })
  redis.on("error", () => {})
  const limiter = (keyPrefix: string) => {
    const allowance = { points: 1_000_000, duration: 3600 }
    return new RateLimiterRedis({
      storeClient: redis,
      keyPrefix,
      ...allowance,
      // Counts in this process while Redis is away.
      insuranceLimiter: new RateLimiterMemory({ keyPrefix, ...allowance }),
    })
  }
  const limiters = { address: limiter("address"), name: limiter("name") }
  return withLazy({
    adapter: LazyAdapter(db),
    providers: [LazyProvider(), PasswordProvider({ limiters }), ConvertProvider({ limiters })],
    secret: "a secret of the long run that nobody guesses",
    trustHost: true,
    lazy: { limits: { perAddress: limiter("creation"), overall: limiter("creations") } },
    logger: { error: () => {}, warn: () => {} },
  })
}
