import type { NewLazyUser } from "./types.js"

/** The functions that name lazy users, and make their addresses. */
export type Generators = Pick<NewLazyUser, "generateName" | "generateEmail">

const generators = new WeakMap<object, Generators>()

/** Remembers the functions by which the app of this store names its lazy users. */
export function rememberGenerators(store: object, given: Generators): void {
  generators.set(store, given)
}

/** Returns the functions that `LazyProvider` has remembered; none without `withLazy`. */
export function knownGenerators(store: object): Generators {
  return generators.get(store) ?? {}
}
