// The package as it is published: built, and with the dependencies of the repository, of which there is one copy.
export { LazyAdapter } from "../../dist/drizzle.js"
export { gate, handleAuth, LazyProvider, withLazy } from "../../dist/index.js"
