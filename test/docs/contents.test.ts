import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, expect, it } from "vitest"
import { pagesIn, pagesOf, readContents } from "../../.vitepress/contents.js"
import { root } from "./pages.js"

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Writes pages into a folder of their own. */
function docsWith(pages: Record<string, string>): string {
  const docs = mkdtempSync(join(tmpdir(), "authjs-lazy-docs-"))
  folders.push(docs)
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(join(docs, dirname(path)), { recursive: true })
    writeFileSync(join(docs, path), text)
  }
  return docs
}

it("the sidebar leads to every page of docs, once", () => {
  const docs = join(root, "docs")
  const pages = readContents(docs).flatMap(({ items }) => pagesOf(items))
  expect(pages.toSorted()).toEqual(pagesIn(docs).filter((page) => page !== "README.md"))
})

it("a folder is what its README lists, or without one every page in it", () => {
  const docs = docsWith({
    "README.md": "# Docs\n\n## More\n\n- [Recipes](recipes/README.md): two\n- [Decisions](decisions): why\n",
    "recipes/README.md": "# Recipes\n\n- [Second](b.md): two\n- [First](a.md): one\n",
    "recipes/a.md": "# First",
    "recipes/b.md": "# Second",
    "decisions/002-two.md": "# 002. Two",
    "decisions/001-one.md": "# 001. `One`",
    "examples/app/README.md": "# An app, which is no page",
  })
  const [{ title, items } = { title: "", items: [] }] = readContents(docs)
  expect(title).toBe("More")
  expect(items).toEqual([
    {
      title: "Recipes",
      page: "recipes/README.md",
      items: [
        { title: "Second", page: "recipes/b.md" },
        { title: "First", page: "recipes/a.md" },
      ],
    },
    {
      title: "Decisions",
      items: [
        { title: "001. One", page: "decisions/001-one.md" },
        { title: "002. Two", page: "decisions/002-two.md" },
      ],
    },
  ])
})

it("a page that no list leads to fails the build, with the line to add", () => {
  const docs = docsWith({ "README.md": "# Docs\n\n## Start\n\n- [A](a.md): one\n", "a.md": "# A", "b.md": "# B" })
  expect(() => readContents(docs)).toThrow(/no docs\/b\.md\. .*- \[Title\]\(b\.md\)/)
})

it("a list that leads to no file fails the build", () => {
  const docs = docsWith({ "README.md": "# Docs\n\n## Start\n\n- [A](a.md): one\n" })
  expect(() => readContents(docs)).toThrow("docs/README.md leads to docs/a.md, which does not exist.")
})
