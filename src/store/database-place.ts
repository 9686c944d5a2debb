import type { LazyStore } from "./lazy-store.js"

const places = new WeakMap<LazyStore, string>()

/**
 * Remembers the database of a store, so that a store opened again in each request is recognised.
 */
export function rememberPlace(store: LazyStore, place: string): void {
  places.set(store, place)
}

/** Names the database of a store: two stores with the same name may work on the same rows. */
export function knownPlace(store: LazyStore): string {
  return places.get(store) ?? ""
}
