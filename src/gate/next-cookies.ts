import { LazySetupError } from "../errors.js"

/** Whether cookies can be set where this is called: in server actions and route handlers, not in server components. */
export async function areCookiesWritable(): Promise<boolean> {
  const { cookies } = await import("next/headers.js")
  const jar = await cookies()
  // Nothing says so without setting one; but Next gives a sealed jar the same throwing function for every method that writes.
  return jar.set !== (jar.delete as unknown)
}

/** What to throw where they can't. */
export function readOnlyCookies(what: string): LazySetupError {
  return new LazySetupError(
    `${what} needs to set a cookie, which a server component can't. Nobody was signed in. Sign visitors in before the page is ` +
      `rendered, with allowLazy(auth) in proxy.ts, or in a server action.`,
  )
}
