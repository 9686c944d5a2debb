import { __NEXTAUTH, getSession } from "next-auth/react"
import { onPathChange } from "./current-path.js"

/** The least time between two reads of the session, in milliseconds. */
const GAP = 1000

/** Returns the user whom a component shows; null or undefined for none. */
type Shown = () => object | null | undefined

const watching = new Set<Shown>()
let stopWatching: (() => void) | undefined

/**
 * Reads the session again after each event that may have changed it, as long as a component needs
 * it, and has every `SessionProvider` read it where the user has changed.
 * @returns a function that stops it for this component
 */
export function settleSession(shown: Shown): () => void {
  watching.add(shown)
  stopWatching ??= watch(() => void settle())
  return () => {
    watching.delete(shown)
    if (watching.size > 0) return
    stopWatching?.()
    stopWatching = undefined
  }
}

/** Calls a listener at once, and at most once per gap, with a last call after the last event. */
function watch(listener: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  const happened = () => {
    timer ??= setTimeout(
      () => {
        timer = undefined
        last = performance.now()
        listener()
      },
      Math.max(0, last + GAP - performance.now()),
    )
  }
  const stops = [onPathChange(happened), onPageFetched(happened)]
  return () => {
    clearTimeout(timer)
    for (const stop of stops) stop()
  }
}

/**
 * Calls a listener when a `fetch` of the current page has ended: a server action, or the part of
 * the page that Next's router loads after it has changed the address.
 */
function onPageFetched(listener: () => void): () => void {
  const isOfPage = ({ name, initiatorType }: PerformanceResourceTiming) => {
    const { origin, pathname } = new URL(name)
    return initiatorType === "fetch" && origin === location.origin && pathname === location.pathname
  }
  const observer = new PerformanceObserver((list) => {
    if ((list.getEntries() as PerformanceResourceTiming[]).some(isOfPage)) listener()
  })
  observer.observe({ type: "resource" })
  return () => observer.disconnect()
}

async function settle(): Promise<void> {
  const user = await readUser()
  const stale = [...watching].some((shown) => textOf(shown()) !== textOf(user))
  // `getSession` has the `SessionProvider` of each tab read the session, this one included.
  if (user !== undefined && stale) await getSession()
}

/** Reads the user of the session; undefined where the server can't be reached or fails. */
async function readUser(): Promise<object | null | undefined> {
  try {
    const answer = await fetch(`${__NEXTAUTH.basePath}/session`, { cache: "no-store" })
    if (!answer.ok) return undefined
    const session: unknown = await answer.json()
    const user = typeof session === "object" && session !== null && "user" in session ? session.user : null
    return typeof user === "object" ? user : null
  } catch {
    return undefined
  }
}

const textOf = (user: object | null | undefined) => JSON.stringify(user ?? null)
