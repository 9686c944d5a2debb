/** How long a session lives by default, in seconds: https://authjs.dev/reference/core#session */
export const DEFAULT_SESSION_MAX_AGE = 30 * 24 * 60 * 60

const maxAges = new WeakMap<object, number>()

/**
 * Remembers how long sessions can live in an app that uses this store, in seconds. With several
 * apps, the longest time counts.
 */
export function rememberSessionMaxAge(store: object, seconds: number): void {
  maxAges.set(store, Math.max(seconds, maxAges.get(store) ?? 0))
}

/**
 * Returns how long sessions can live in the apps that use this store, in seconds; undefined when
 * none has told.
 */
export function knownSessionMaxAge(store: object): number | undefined {
  return maxAges.get(store)
}
