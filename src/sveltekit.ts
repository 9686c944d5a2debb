import "./auth/types.js"

export { allowLazy, requireLazy, requireReal } from "./gate/sveltekit.js"
