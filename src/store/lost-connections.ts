import type { Database } from "./sql/database.js"

/** A pool of node-postgres, or of a driver that is made like it. */
interface Pool {
  totalCount: number
  on: (event: "connect", listener: (client: Client) => void) => unknown
}

interface Client {
  on: (event: "error", listener: () => void) => unknown
}

const watched = new WeakSet<object>()

/**
 * Keeps the process alive when a connection is lost within a transaction. node-postgres emits an
 * error then, beside failing the statement, and a connection in use has no listener:
 * https://node-postgres.com/apis/pool#events
 */
export function outliveConnections(db: Database): void {
  const { $client } = db as { $client?: Partial<Pool> }
  if (typeof $client?.totalCount !== "number" || typeof $client.on !== "function" || watched.has($client)) return
  watched.add($client)
  $client.on("connect", (client) => {
    client.on("error", () => {})
  })
}
