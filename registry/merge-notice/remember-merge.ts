import type { LazyConfig } from "authjs-lazy"
import { cookies } from "next/headers"

/** The cookie that components/merge-notice.tsx reads and deletes. It holds only table names and row counts. */
const COOKIE = "lazy-merged"

/**
 * Tells the merge notice, by a cookie, what was moved. Pass it to `withLazy` as
 * `events: { mergeUser: rememberMerge }`.
 */
export const rememberMerge: NonNullable<NonNullable<LazyConfig["events"]>["mergeUser"]> = async ({ moved }) => {
  if (Object.keys(moved).length === 0) return
  const jar = await cookies()
  jar.set(COOKIE, JSON.stringify(moved), { path: "/", maxAge: 120, sameSite: "lax" })
}
