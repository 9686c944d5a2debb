/** The `Cache-Control` of an answer that is meant for one visitor. */
const NOBODY_ELSE = "private, no-store"

/** With field names, as in `private="x-name"`, the directive is about those fields alone: RFC 9111, section 5.2.2.7. */
const EXCLUDES = /(?:^|[\s,;])(?:private|no-store)\s*(?:$|[,;])/i

/**
 * Returns the given `Cache-Control` if it excludes shared caches, and `private, no-store`
 * otherwise.
 */
export function privately(control: string | null | undefined): string {
  return control && EXCLUDES.test(control.replaceAll(/"[^"]*"/g, "")) ? control : NOBODY_ELSE
}

/**
 * Keeps shared caches off an answer that sets cookies, or that says nothing of caches: Auth.js
 * writes the visitor's CSRF token into its pages.
 */
export function keepPrivate(headers: Headers): void {
  const told = headers.get("cache-control")
  if (told === null || headers.has("set-cookie")) headers.set("cache-control", privately(told))
}

/**
 * Tells whether a header tells a shared cache what to do in place of `Cache-Control`: RFC 9213, and
 * its predecessor `Surrogate-Control`.
 */
export function isForSharedCaches(name: string): boolean {
  return /^(?:.+-)?cdn-cache-control$|^surrogate-control$/i.test(name)
}
