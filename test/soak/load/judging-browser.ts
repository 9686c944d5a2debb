import { Browser } from "../../setup/browser-jar.js"
import type { Ledger } from "./ledger.js"
import { ORIGIN, type RoundRobin } from "./round-robin.js"

/** Makes a browser that records each answer by which the app breaks a promise. */
export function judgingBrowser(ledger: Ledger, apps: RoundRobin): Browser {
  return new Browser(ORIGIN, async (request) => {
    ledger.requests += 1
    const { pathname } = new URL(request.url)
    const answer = await apps.send(request)
    if (answer.status >= 500 && !(await isAllowed(answer, pathname)))
      ledger.breaks(`${pathname}: a ${answer.status}: ${(await answer.clone().text()).slice(0, 200)}`)
    return answer
  })
}

/** Allows a 503 that says when to come back, and a 500 about an INSERT of the app's own. */
async function isAllowed(answer: Response, pathname: string): Promise<boolean> {
  if (answer.status === 503) return answer.headers.get("retry-after") !== null
  if (answer.status !== 500) return false
  const said: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined)
  return pathname === `/${(said as { failedInsert?: string } | undefined)?.failedInsert}`
}
