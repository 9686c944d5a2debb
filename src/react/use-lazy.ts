"use client"

import { useSession } from "next-auth/react"
import { useEffect, useRef, useSyncExternalStore } from "react"
import type { LazyUserFields } from "../auth/types.js"
import { currentPath, onPathChange } from "./current-path.js"
import { settleSession } from "./settle-session.js"

/**
 * Configures {@link useLazy}.
 * @example
 * const options: UseLazyOptions = { convertPage: "/account" }
 */
export interface UseLazyOptions {
  /**
   * Path of the page where a lazy user makes an account.
   * @default "/convert"
   */
  convertPage?: string
}

/** What a component knows of the visitor. See {@link useLazy}. */
export interface LazyState {
  /** "loading" until the session is known; "authenticated" for lazy and real users. */
  status: "loading" | "authenticated" | "unauthenticated"
  /** True for a lazy user alone. */
  isLazy: boolean
  /** The generated name of a lazy user, or the name that a real user chose; otherwise null. */
  username: string | null
  /**
   * The page where a lazy user makes an account, with the current page as `redirectTo`, so that
   * the convert page leads back to it.
   */
  convertUrl: string
}

/**
 * Tells a client component who the visitor is. Needs `SessionProvider` of next-auth/react around
 * it, with or without a `session`.
 *
 * It stays current after `signIn` of next-auth/react, and reads the session again after a server
 * action, a refresh and a navigation of Next's router, of which `SessionProvider` knows nothing. If
 * the user has changed, `useSession()` shows the new one as well, in all tabs.
 * @throws Error outside of a `SessionProvider`
 * @example
 * function Banner() {
 *   const { isLazy, username, convertUrl } = useLazy({ convertPage: "/account" })
 *   return isLazy ? `You write as ${username}. Make an account: ${convertUrl}` : null
 * }
 */
export function useLazy({ convertPage = "/convert" }: UseLazyOptions = {}): LazyState {
  const context = useSession() as ReturnType<typeof useSession> | undefined
  if (!context) throw new Error(NO_PROVIDER)
  const { data, status } = context
  const shown = useRef(data)
  useEffect(() => {
    shown.current = data
  })
  useEffect(() => settleSession(() => shown.current?.user), [])
  const path = useSyncExternalStore(onPathChange, currentPath, () => null)
  const user: LazyUserFields | undefined = data?.user
  return {
    // `update()` of next-auth says "loading" although the session is known.
    status: user ? "authenticated" : status,
    isLazy: user?.isLazy === true,
    username: user?.username ?? null,
    convertUrl: urlOf(convertPage, path),
  }
}

const NO_PROVIDER =
  "useLazy needs SessionProvider of next-auth/react around the component. In the root layout, write " +
  "<SessionProvider>{children}</SessionProvider>."

function urlOf(convertPage: string, path: string | null): string {
  const [page, query] = convertPage.split("?")
  // The convert page itself is no place to come back to.
  if (path === null || path.split("?")[0] === page) return convertPage
  return `${convertPage}${query === undefined ? "?" : "&"}${new URLSearchParams({ redirectTo: path })}`
}
