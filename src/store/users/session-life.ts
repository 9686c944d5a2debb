/** How long a session lives where nobody says otherwise, in seconds: https://authjs.dev/reference/core#session */
export const DEFAULT_SESSION_MAX_AGE = 30 * 24 * 60 * 60

const maxAges = new WeakMap<object, number>()

/** Remembers how long sessions can live, in seconds, in an app that uses this store; of several apps the longest counts. */
export function rememberSessionMaxAge(store: object, seconds: number): void {
  maxAges.set(store, Math.max(seconds, maxAges.get(store) ?? 0))
}

/** How long sessions of the apps that use this store can live, in seconds; undefined where nobody has said so. */
export function knownSessionMaxAge(store: object): number | undefined {
  return maxAges.get(store)
}
