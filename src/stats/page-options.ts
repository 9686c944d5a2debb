import type { Visitor } from "../auth/request/visitor-address.js"
import type { GateSession } from "../auth/types.js"
import type { StatsOptions } from "../store/stats/types.js"

/**
 * Configures {@link statsPage}.
 * @example
 * const options: StatsPageOptions = { allow: ({ user }) => user.id === process.env.ADMIN_ID }
 */
export interface StatsPageOptions extends Pick<StatsOptions, "exact" | "purge"> {
  /**
   * Decides who may see the page. Anything but true refuses. Called for real users alone, with the
   * session as the app's `session` callback makes it: lazy users and visitors are refused before.
   */
  allow: (session: GateSession, request: Request) => boolean | Promise<boolean>
  /**
   * How long a report is shown again before the database is asked for a new one, in seconds: 1 to
   * 86,400.
   * @default 60
   */
  maxAge?: number
}

/** Serves the statistics. See `statsPage`. */
export interface StatsPage {
  (request: Request, visitor: Visitor): Promise<Response>
  // Next checks its route handlers against the last signature, and passes another second argument.
  (request: Request): Promise<Response>
}
