import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { migrate } from "../../src/drizzle.js"
import { type CuttingProxy, startCuttingProxy } from "../setup/cutting-proxy.js"
import { Cluster } from "./servers/cluster.js"
import { LimiterStore } from "./servers/limiter-store.js"
import { type AppProcess, compilePrograms, PurgerProcess, startApps } from "./servers/node-processes.js"
import { Pooler } from "./servers/pooler.js"
import type { Settings } from "./settings.js"

const APPS = 3
const PURGERS = 2

/** Every server of a run. */
export interface World {
  cluster: Cluster
  pooler: Pooler
  /** Between the app and PgBouncer. */
  proxy: CuttingProxy
  redis: LimiterStore
  apps: AppProcess[]
  purgers: PurgerProcess[]
  stop: () => Promise<void>
}

/** The app's own tables; the notes are on a disk of their own. */
const TABLES = ["note", "mark"].map(
  (name) => `create table ${name} (
    id uuid primary key,
    "userId" text not null references "user" (id) on delete cascade,
    writer text not null,
    text text not null,
    at timestamptz not null default now()
  ) ${name === "note" ? "tablespace soak" : ""};
  create index on ${name} ("userId");`,
)

/** Starts all servers on loopback, in a folder that goes with them. */
export async function startWorld({ driver }: Settings): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-soak-"))
  chmodSync(folder, 0o777)
  const cluster = new Cluster(folder)
  const pooler = new Pooler(folder)
  const redis = new LimiterStore(folder)
  const stops: (() => Promise<unknown> | undefined)[] = []
  const stop = async () => {
    for (const each of stops.reverse()) await each()?.catch((error: unknown) => console.error(error))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await compilePrograms()
    stops.push(() => cluster.stop())
    await cluster.start()
    const sql = postgres(cluster.url, { max: 1, onnotice: () => {} })
    await migrate(drizzle(sql))
    await sql.unsafe(TABLES.join("\n"))
    await sql.end()
    stops.push(() => pooler.stop())
    await pooler.start(cluster.primary.port)
    stops.push(() => redis.kill())
    await redis.start()
    const proxy = await startCuttingProxy(pooler.port)
    stops.push(() => proxy.close())
    const env = {
      DATABASE_URL: `postgres://soak@127.0.0.1:${proxy.port}/postgres`,
      DRIVER: driver,
      REDIS_PORT: String(redis.port),
      AUTH_URL: "http://app.soak",
    }
    const apps = await startApps(APPS, env)
    for (const app of apps) stops.push(() => app.stop())
    const purgers = Array.from({ length: PURGERS }, () => new PurgerProcess(env))
    for (const purger of purgers) stops.push(() => purger.stop())
    await Promise.all(purgers.map((purger) => purger.start()))
    return { cluster, pooler, proxy, redis, apps, purgers, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
