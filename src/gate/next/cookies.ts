import { parseSetCookie } from "cookie"
import { LazySetupError } from "../../errors.js"

/** Tells whether cookies can be set: in server actions and route handlers, not in components. */
export async function areCookiesWritable(): Promise<boolean> {
  const { cookies } = await import("next/headers.js")
  const jar = await cookies()
  // Next offers no way to ask. Its read-only store has one throwing function as `set` and `delete`.
  return jar.set !== (jar.delete as unknown)
}

/** Sets the cookies through Next, which sends them even if a handler throws. */
export async function setCookies(headers: Headers): Promise<void> {
  const { cookies } = await import("next/headers.js")
  const jar = await cookies()
  for (const header of headers.getSetCookie()) {
    const { name, value = "", ...options } = parseSetCookie(header)
    jar.set(name, value, options)
  }
}

/** Makes the error for a place where cookies can't be set. */
export function readOnlyCookies(what: string): LazySetupError {
  return new LazySetupError(
    `${what} needs to set a cookie, which a server component can't. Nobody was signed in. Sign visitors in before Next ` +
      `renders the page, with \`export const proxy = allowLazy(authConfig).proxy\` in proxy.ts, or in a server action.`,
  )
}
