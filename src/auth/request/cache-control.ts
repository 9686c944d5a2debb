/** The `Cache-Control` of an answer for one visitor. */
const ONE_VISITOR = "private, no-store"

/**
 * Returns the given `Cache-Control` if it excludes shared caches, and `private, no-store`
 * otherwise.
 */
export function privately(control: string | null | undefined): string {
  return control && /\b(?:private|no-store)\b/i.test(control) ? control : ONE_VISITOR
}

/**
 * Excludes shared caches from an answer that sets cookies or has no `Cache-Control`: Auth.js writes
 * the visitor's CSRF token into its pages.
 */
export function keepPrivate(headers: Headers): void {
  const given = headers.get("cache-control")
  if (given === null || headers.has("set-cookie")) headers.set("cache-control", privately(given))
}
