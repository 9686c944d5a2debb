import { describe, expect, it } from "vitest"
import { senderOf } from "../../src/auth/request/sender.js"
import { allSessionValues, sessionValues } from "../../src/auth/session/session-values.js"

it.each<[string | undefined, Record<string, string>]>([
  [undefined, {}],
  ["same-origin", { "sec-fetch-site": "same-origin", origin: "null" }],
  ["cross-site", { "sec-fetch-site": "cross-site", origin: "https://app.test" }],
  ["same-site", { "sec-fetch-site": "same-site" }],
  ["none", { "sec-fetch-site": "none" }],
  ["cross-site", { "sec-fetch-site": "of-the-future" }],
  ["same-origin", { origin: "https://app.test" }],
  ["cross-site", { origin: "https://evil.test" }],
  ["cross-site", { origin: "https://www.app.test" }],
  ["cross-site", { origin: "https://app.test.evil.test" }],
  ["same-host", { origin: "http://app.test" }],
  ["same-host", { origin: "https://outside.test", host: "inside:3000", "x-forwarded-host": "outside.test, inside" }],
  ["same-site", { origin: "https://app.test:8443" }],
  ["opaque", { origin: "null" }],
  ["opaque", { origin: "" }],
])("a request is %s with %j", (sender, headers) => {
  expect(senderOf({ url: "https://app.test/", headers: new Headers(headers) })).toBe(sender)
})

/** Forms of a `Cookie` header of 16 kB, as long as Node accepts. */
describe("16 kB of session cookies", () => {
  const name = "authjs.session-token"
  const header = (pair: (n: number) => string) => Array.from({ length: 600 }, (_, n) => pair(n)).join("; ")
  const headers = {
    "whole ones": header((n) => `${name}=${n}`),
    "chunks of every number": header((n) => `${name}.${n % 100}=${n}`),
    "chunks of one number": header((n) => `${name}.7=${n}`),
    "chunks of one number, and one of each other": header((n) => `${name}.${n < 100 ? n : 7}=${n}`),
    "numbers that no chunk has": header((n) => `${name}.0${n % 10}=${n}`),
  }

  it.each(Object.entries(headers))(
    "are %s: a handful is tried, and a sign-out sees no more than there are",
    (_, cookie) => {
      expect(sessionValues(name, cookie).length).toBeLessThanOrEqual(5)
      const all = allSessionValues(name, cookie)
      // Each chunk is joined into three values at most: counted from the left, the right, and the longest.
      expect(all.length).toBeLessThanOrEqual(3 * 600)
      expect(all.join("").length).toBeLessThanOrEqual(3 * cookie.length)
    },
  )

  it("don't hide a session that gives way", () => {
    const planted = header((n) => `${name}=${n}`)
    expect(sessionValues(name, `${planted}; ${name}.50=own`)).toEqual(["0", "1", "2", "3", "own"])
    expect(allSessionValues(name, `${planted}; ${name}.50=own; ${name}.51=ed`)).toContain("owned")
  })
})
