/** What an answer with the cookie of a session says of caching. */
const NOBODY_ELSE = "private, no-store"

/** The `Cache-Control` of an answer that sets a cookie of ours: what it says itself where that keeps shared caches off. */
export function privately(control: string | null | undefined): string {
  return control && /\b(?:private|no-store)\b/i.test(control) ? control : NOBODY_ELSE
}

/** Keeps shared caches off an answer that sets cookies. */
export function keepPrivate(headers: Headers): void {
  if (headers.has("set-cookie")) headers.set("cache-control", privately(headers.get("cache-control")))
}
