import { isbot } from "isbot"

/** The most user agents to remember. A site sees a few hundred different ones. */
const MOST = 1000
/** The longest user agent to remember, so that invented ones can't fill the memory. */
const LONGEST = 400

const known = new Map<string, boolean>()

/** Tells whether a user agent is a crawler's, by the patterns of isbot. Remembers the answers. */
export function isKnownBot(userAgent: string | null): boolean {
  if (!userAgent || userAgent.length > LONGEST) return isbot(userAgent)
  const before = known.get(userAgent)
  if (before !== undefined) return before
  const isBot = isbot(userAgent)
  if (known.size === MOST) known.clear()
  known.set(userAgent, isBot)
  return isBot
}
