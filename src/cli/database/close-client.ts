import type { Database } from "../../store/sql/database.js"

/** The ways of drivers to close: postgres.js and pools end, PGlite closes. */
interface Client {
  end?: () => Promise<unknown>
  close?: () => Promise<unknown>
}

/** Closes the connections of a Drizzle database once its statements are answered. */
export async function closeClient(db: Database): Promise<void> {
  const { $client } = db as { $client?: Client }
  if (typeof $client?.end === "function") await $client.end()
  else if (typeof $client?.close === "function") await $client.close()
}
