import type { NewLazyUser } from "./types.js"

/** What names lazy users, and makes their addresses. */
export type Generators = Pick<NewLazyUser, "generateName" | "generateEmail">

const generators = new WeakMap<object, Generators>()

/** Remembers how an app that uses this store names its lazy users. */
export function rememberGenerators(store: object, given: Generators): void {
  generators.set(store, given)
}

/** Returns how the app that uses this store names its lazy users; nothing when none has told. */
export function knownGenerators(store: object): Generators {
  return generators.get(store) ?? {}
}
