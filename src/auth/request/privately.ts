/** The `Cache-Control` of an answer that sets a session cookie. */
const NOBODY_ELSE = "private, no-store"

/**
 * Returns the given `Cache-Control` if it excludes shared caches, and `private, no-store`
 * otherwise.
 */
export function privately(control: string | null | undefined): string {
  return control && /\b(?:private|no-store)\b/i.test(control) ? control : NOBODY_ELSE
}

/** Keeps shared caches off an answer that sets cookies. */
export function keepPrivate(headers: Headers): void {
  if (headers.has("set-cookie")) headers.set("cache-control", privately(headers.get("cache-control")))
}
