import type { PurgeOptions } from "authjs-lazy/drizzle"

export { lazyAuth } from "./app/(auth)/auth"

/** The foreign keys of the chats have no ON DELETE. */
export const purge: PurgeOptions = { cascade: true }
