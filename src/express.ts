import "./auth/types.js"

export { allowLazy, expressAuth, requireLazy, requireReal } from "./gate/express.js"
