/** The `Cache-Control` of an answer that is meant for one visitor. */
const NOBODY_ELSE = "private, no-store"

/**
 * Returns the given `Cache-Control` if it excludes shared caches, and `private, no-store`
 * otherwise.
 */
export function privately(control: string | null | undefined): string {
  return control && /\b(?:private|no-store)\b/i.test(control) ? control : NOBODY_ELSE
}

/**
 * Keeps shared caches off an answer that sets cookies, or that says nothing of caches: Auth.js
 * writes the visitor's CSRF token into its pages.
 */
export function keepPrivate(headers: Headers): void {
  const told = headers.get("cache-control")
  if (told === null || headers.has("set-cookie")) headers.set("cache-control", privately(told))
}
