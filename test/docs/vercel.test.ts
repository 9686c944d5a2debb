import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type CreationLimits, gate, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import type { RateLimiterRedis } from "rate-limiter-flexible"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { secret } from "../setup/flow-app.js"
import { withoutRedis } from "../setup/left-out.js"
import { type RedisServer, startRedis } from "../setup/redis.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { page } from "./pages.js"

const folder = freshFolder("docs-vercel")
writeBlocks(page("docs/recipes/vercel.md"), folder)

/** Loads a block of the page; each query makes a module of its own, as each function of Vercel has. */
async function load<Module>(file: string, query = ""): Promise<Module> {
  return (await import(/* @vite-ignore */ `${pathToFileURL(join(folder, file)).href}${query}`)) as Module
}

const POINTS = 30

interface Limits {
  limits: { perAddress: RateLimiterRedis }
}

/** Ends a connection that the page keeps for as long as its app runs. */
function disconnect({ perAddress }: Limits["limits"]): void {
  const client: { disconnect?: () => void; destroy?: () => void } = Reflect.get(perAddress, "client")
  if (client.destroy) client.destroy()
  else client.disconnect?.()
}

describe.skipIf(withoutRedis)("vercel.md", () => {
  let database: PostgresDatabase
  let redis: RedisServer

  beforeAll(async () => {
    ;[database, redis] = await Promise.all([postgresDatabase(), startRedis()])
    vi.stubEnv("REDIS_URL", redis.url)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await redis?.close()
    await database?.close()
  })

  const visitor = (address: string) =>
    new Request("https://app.test/", {
      // Vercel replaces the header; the other is what a visitor may add elsewhere.
      headers: { "x-vercel-forwarded-for": address, "x-forwarded-for": "192.0.2.99", accept: "text/html" },
    })

  function appWith(limits: CreationLimits) {
    const lazy = { limits, trustProxy: { header: "x-vercel-forwarded-for" } }
    const auth = withLazy({
      adapter: LazyAdapter(database.db),
      providers: [LazyProvider()],
      secret,
      trustHost: true,
      lazy,
    })
    return async (address: string) => {
      const result = await gate(visitor(address), auth)
      return result.open ? result.created : result.reason
    }
  }

  const users = async () => Number((await database.query('select count(*) as n from "user"'))[0]?.n)

  it.each(["ioredis", "node-redis"])(
    "counts in Redis with %s for all functions together, and in memory while Redis is away",
    async (client) => {
      const errors = vi.spyOn(console, "error").mockImplementation(() => {})
      onTestFinished(() => errors.mockRestore())
      const file = `${client}-limits.ts`
      const all = [await load<Limits>(file), await load<Limits>(file, "?another")] as const
      expect(all[0].limits).not.toBe(all[1].limits)
      onTestFinished(() => {
        for (const { limits } of all) disconnect(limits)
      })
      const [one, other] = [appWith(all[0].limits), appWith(all[1].limits)]
      const { perAddress } = all[0].limits
      const before = await users()

      const address = client === "ioredis" ? "192.0.2.1" : "192.0.2.2"
      await perAddress.penalty(address, POINTS - 2)
      expect(await one(address)).toBe(true)
      expect(await other(address)).toBe(true)
      expect([await one(address), await other(address)]).toEqual(["rate-limited", "rate-limited"])

      // By the first 64 bits of IPv6, and ten times as many by the first 48.
      const network = client === "ioredis" ? "2001:db8:1" : "2001:db8:2"
      await perAddress.penalty(`${network}::/48`, POINTS * 10 - 1)
      expect(await one(`${network}:1::1`)).toBe(true)
      expect(await other(`${network}:2::1`)).toBe("rate-limited")
      expect(await users()).toBe(before + 3)

      await redis.close()
      expect(await one(address)).toBe(true)
      expect(errors).toHaveBeenCalledWith("Redis:", expect.any(String))
      redis = await startRedis()
      vi.stubEnv("REDIS_URL", redis.url)
    },
    60_000,
  )
})
