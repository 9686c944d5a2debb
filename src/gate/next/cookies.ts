import { parseSetCookie } from "cookie"
import { LazySetupError } from "../../errors.js"

/** Whether cookies can be set where this is called: in server actions and route handlers, not in server components. */
export async function areCookiesWritable(): Promise<boolean> {
  const { cookies } = await import("next/headers.js")
  const jar = await cookies()
  // Nothing says so without setting one; but Next gives a sealed jar the same throwing function for every method that writes.
  return jar.set !== (jar.delete as unknown)
}

/** Sets the cookies through Next, which sends them however a handler ends, and lets the handler set others in their place. */
export async function setCookies(headers: Headers): Promise<void> {
  const { cookies } = await import("next/headers.js")
  const jar = await cookies()
  for (const header of headers.getSetCookie()) {
    const { name, value = "", ...options } = parseSetCookie(header)
    jar.set(name, value, options)
  }
}

/** What to throw where they can't. */
export function readOnlyCookies(what: string): LazySetupError {
  return new LazySetupError(
    `${what} needs to set a cookie, which a server component can't. Nobody was signed in. Sign visitors in before the page is ` +
      `rendered, with \`export const proxy = allowLazy(authConfig).proxy\` in proxy.ts, or in a server action.`,
  )
}
