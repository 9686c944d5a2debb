import "./auth/types.js"

export { allowLazy, expressAuth, requireLazy, requireReal, webHandler } from "./gate/express/middleware.js"
