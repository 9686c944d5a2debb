// The sidebar is read from the lists of docs/README.md, which is the table of contents on GitHub.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"

/** A heading of the table of contents with what its lists lead to. */
export interface Group {
  title: string
  items: Item[]
}

/** A page, or a folder of pages. */
export interface Item {
  title: string
  /** Path of the page below docs, such as `recipes/trpc.md`. A folder without a README has none. */
  page?: string
  /** The pages that the README of a folder lists, or all pages of a folder without one. */
  items?: Item[]
}

const ITEM = /^- \[(?<title>[^\]]+)\]\((?<target>[^()#]+)\)/gm

/**
 * Reads the lists of docs/README.md.
 * @throws Error where a page of docs is in none of them
 */
export function readContents(docs: string): Group[] {
  const [, ...sections] = read(docs, "README.md").split(/^## /m)
  const groups = sections.map((section) => ({
    title: section.slice(0, section.indexOf("\n")),
    items: listedIn(section, docs, "README.md"),
  }))
  const listed = new Set(groups.flatMap(({ items }) => pagesOf(items)))
  const missing = pagesIn(docs).filter((page) => page !== "README.md" && !listed.has(page))
  if (missing.length > 0)
    throw new Error(
      `docs/README.md, from which the sidebar is read, leads to no ${missing.map((page) => `docs/${page}`).join(", ")}. ` +
        `Add a line below a heading of its: - [Title](${missing[0]}): what the page is about`,
    )
  return groups
}

/** Lists the pages of the site that are kept in docs, by their paths below it. */
export function pagesIn(docs: string, folder = ""): string[] {
  return readdirSync(join(docs, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return NO_PAGES.has(path) ? [] : pagesIn(docs, path)
      return path.endsWith(".md") ? [path] : []
    })
    .toSorted()
}

/** Folders of docs that hold whole apps, and the API reference, whose pages are generated. */
export const NO_PAGES: ReadonlySet<string> = new Set(["api", "demo", "examples"])

/** Lists the pages below some items. */
export function pagesOf(items: readonly Item[]): string[] {
  return items.flatMap(({ page, items = [] }) => [...(page === undefined ? [] : [page]), ...pagesOf(items)])
}

function listedIn(text: string, docs: string, from: string): Item[] {
  return [...text.matchAll(ITEM)].map(({ groups: { title = "", target = "" } = {} }) => {
    const page = join(dirname(from), target).replaceAll("\\", "/")
    if (!existsSync(join(docs, page))) throw new Error(`docs/${from} leads to docs/${page}, which does not exist.`)
    if (statSync(join(docs, page)).isDirectory())
      return { title, items: pagesIn(docs, page).map((page) => ({ title: titleOf(read(docs, page)), page })) }
    return page.endsWith("/README.md")
      ? { title, page, items: listedIn(read(docs, page), docs, page) }
      : { title, page }
  })
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? ""
}

function read(docs: string, page: string): string {
  return readFileSync(join(docs, page), "utf8")
}
