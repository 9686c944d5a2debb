/**
 * Provides the page that shows admins what became of lazy users.
 * @module authjs-lazy/stats
 */

import "./auth/types.js"

export type { StatsPage, StatsPageOptions } from "./stats/page-options.js"
export { statsPage } from "./stats/stats-page.js"
