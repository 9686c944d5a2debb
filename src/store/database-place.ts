import type { LazyStore } from "./lazy-store.js"

const places = new WeakMap<LazyStore, string>()

/** Remembers which database a store works on, so that one that is opened anew for each request is known again. */
export function rememberPlace(store: LazyStore, place: string): void {
  places.set(store, place)
}

/** Names the database of a store: two stores with the same name may work on the same rows. */
export function knownPlace(store: LazyStore): string {
  return places.get(store) ?? ""
}
