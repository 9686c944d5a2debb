import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { freshFolder } from "./extract.js"
import { blocksOf, chatbot, page, root } from "./pages.js"

const example = join(root, "docs/examples/chat")
const diff = readFileSync(join(example, "port.diff"), "utf8")

it("port.diff leads from an app without this library to the example", () => {
  const folder = freshFolder("chat-before")
  execFileSync(process.execPath, [join(example, "port.mjs"), folder])
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  const sources = files.filter((path) => /\.(tsx?|json|sql)$/.test(path))
  expect(sources.length).toBeGreaterThan(20)
  expect(sources.filter((path) => /authjs-lazy["/]|lazySince/.test(readFileSync(join(folder, path), "utf8")))).toEqual(
    [],
  )
  expect(existsSync(join(folder, "app/(auth)/api/auth/guest/route.ts"))).toBe(true)
})

it("the page says how large port.diff is", () => {
  const count = (sign: "+" | "-") => diff.split("\n").filter((line) => line[0] === sign && line[1] !== sign).length
  expect(page(chatbot).text).toContain(`**${count("+")} lines added and ${count("-")} removed**`)
  // A port that grows has lost what it is there to show.
  expect(count("+")).toBeLessThanOrEqual(150)
})

it("every difference on the page is one in port.diff", () => {
  const blocks = blocksOf(page(chatbot)).filter(({ language }) => language === "diff")
  expect(blocks.length).toBeGreaterThan(8)
  expect(blocks.filter(({ code }) => !diff.includes(`\n${code}`)).map(({ line }) => line)).toEqual([])
})
