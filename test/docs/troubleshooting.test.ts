import { expect, it } from "vitest"
import { skipReason } from "../../src/gate/decide.js"
import { page } from "./pages.js"

it("the gate takes the command in troubleshooting.md for a person, and curl without its options for a bot", () => {
  const command = /`(curl -A [^`]*)`/.exec(page("docs/troubleshooting.md").text)?.[1] ?? ""
  const sentBy = (line: string) => {
    const headers = new Headers({ "user-agent": "curl/8.5.0", accept: "*/*" })
    const [, userAgent] = /-A "([^"]*)"/.exec(line) ?? []
    if (userAgent !== undefined) headers.set("user-agent", userAgent)
    for (const [, name = "", value = ""] of line.matchAll(/-H "([\w-]+): ([^"]*)"/g)) headers.set(name, value)
    return { method: "GET", url: "http://localhost:3000/", headers }
  }
  expect(skipReason(sentBy(command))).toBeUndefined()
  expect(skipReason(sentBy(command.replace(/-A "[^"]*"/, "")))).toBe("bot")
  // As another site's image or script, over plain HTTP.
  expect(skipReason(sentBy(command.replace(/-H "[^"]*"/, "")))).toBe("cross-site")
})
