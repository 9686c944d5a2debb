// The package as published: built, with the one copy of the dependencies in the repository.
export { LazyAdapter } from "../../dist/drizzle.js"
export { gate, handleAuth, LazyProvider, withLazy } from "../../dist/index.js"
export { internals } from "../../dist/store/lazy-store.js"
