import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { anchorsOf, chatbot, linksOf, migrating, page, pages, proseOf, resolveLink, root } from "./pages.js"

const isOutside = (target: string) => /^[a-z]+:/.test(target)

describe.each(pages)("$path", (source) => {
  const inside = linksOf(source).filter((target) => !isOutside(target))

  it("leads to files that exist", () => {
    const missing = inside
      .map((target) => target.split("#")[0] ?? "")
      .filter((file) => file !== "" && !existsSync(join(root, resolveLink(source, file))))
    expect(missing).toEqual([])
  })

  it("leads to headings that exist", () => {
    const missing = inside.filter((target) => {
      const [file = "", anchor] = target.split("#")
      if (anchor === undefined) return false
      const there = file === "" ? source : page(resolveLink(source, file))
      return !anchorsOf(there).has(anchor)
    })
    expect(missing).toEqual([])
  })

  it("leads elsewhere by https only", () => {
    // But for what the reader has started.
    const secure = /^https:\/\/|^http:\/\/localhost\b/
    expect(linksOf(source).filter((target) => isOutside(target) && !secure.test(target))).toEqual([])
  })

  it("uses the words that the design fixes, and none of their rivals", () => {
    const text = proseOf(source)
      .replaceAll(/`[^`\n]*`/g, "")
      .replaceAll(/\]\([^()\s]+\)/g, "]")
    const rivals = text.match(/\b(guests?|anonymous\w*|upgrad\w+|claim\w*|transfer\w*)\b/gi) ?? []
    const isAboutGuests = source.path === migrating || source.path === chatbot
    expect(rivals.filter((word) => !(isAboutGuests && /^guests?$/i.test(word)))).toEqual([])
  })
})

it("every page can be reached from the README", () => {
  const reached = new Set(["README.md"])
  for (const path of reached) {
    for (const target of linksOf(page(path)).filter((target) => !isOutside(target))) {
      const file = resolveLink(page(path), target.split("#")[0] || path)
      // A folder shows what is in it.
      for (const { path } of pages) if (path === file || path.startsWith(`${file}/`)) reached.add(path)
    }
  }
  expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
})
