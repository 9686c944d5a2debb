import { isbot } from "isbot"

/** A site sees a few hundred different user agents again and again. */
const MOST = 1000
/** Nobody is to fill the memory with made-up ones. */
const LONGEST = 400

const known = new Map<string, boolean>()

/** Whether a user agent is one of a crawler, by the patterns of isbot. What was found is remembered, for as long as there is room. */
export function isKnownBot(userAgent: string | null): boolean {
  if (!userAgent || userAgent.length > LONGEST) return isbot(userAgent)
  const before = known.get(userAgent)
  if (before !== undefined) return before
  const isBot = isbot(userAgent)
  if (known.size === MOST) known.clear()
  known.set(userAgent, isBot)
  return isBot
}
