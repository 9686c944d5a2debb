import "./auth/types.js"

export type { StatsPage, StatsPageOptions } from "./stats/page-options.js"
export { statsPage } from "./stats/stats-page.js"
