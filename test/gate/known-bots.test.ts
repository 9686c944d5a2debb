import { isbot } from "isbot"
import { expect, it } from "vitest"
import { isKnownBot } from "../../src/gate/known-bots.js"

it("says what isbot says, the first time and again, of more user agents than it remembers", () => {
  const agents = Array.from({ length: 2500 }, (_, n) =>
    n % 3 === 0 ? `Crawler${n} (bot)` : `Mozilla/5.0 (X11; Linux x86_64; rv:${n}.0) Gecko/20100101 Firefox/${n}.0`,
  )
  const long = [`Mozilla/5.0 ${"x".repeat(500)}`, `Googlebot ${"x".repeat(500)}`]
  const all = [...agents, ...agents.slice(-10), ...long, ...long, "", null]
  expect(all.map((agent) => isKnownBot(agent))).toEqual(all.map((agent) => isbot(agent)))
})
