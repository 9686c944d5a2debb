/** The `Cache-Control` of an answer for one visitor. */
const ONE_VISITOR = "private, no-store"

/** With field names, as in `private="x-name"`, `private` is about those fields alone: RFC 9111. */
const EXCLUDES = /(?:^|[\s,;])(?:private|no-store)\s*(?:$|[,;])/i

/**
 * Returns the given `Cache-Control` if it excludes shared caches, and `private, no-store`
 * otherwise.
 */
export function privately(control: string | null | undefined): string {
  return control && EXCLUDES.test(control.replaceAll(/"[^"]*"/g, "")) ? control : ONE_VISITOR
}

/**
 * Excludes shared caches from an answer that sets cookies or has no `Cache-Control`: Auth.js writes
 * the visitor's CSRF token into its pages.
 */
export function keepPrivate(headers: Headers): void {
  const given = headers.get("cache-control")
  if (given === null || headers.has("set-cookie")) headers.set("cache-control", privately(given))
}

/**
 * Tells whether a shared cache follows this header instead of `Cache-Control`: RFC 9213, its
 * predecessor `Surrogate-Control`, and those of nginx, Akamai and LiteSpeed.
 */
export function isForSharedCaches(name: string): boolean {
  return /^(?:.+-)?cdn-cache-control$|^(?:surrogate|edge|x-litespeed-cache)-control$|^x-accel-expires$/i.test(name)
}
