import type { PostgresServer } from "./database/server.js"
import type { Load } from "./load/load.js"

export const SECTIONS = ["http", "growth", "pipelining"] as const
export type Section = (typeof SECTIONS)[number]

/** What every section measures with. */
export interface Bench {
  postgres: PostgresServer
  load: Load
  /** Says how far the benchmark is. */
  log: (line: string) => void
}
