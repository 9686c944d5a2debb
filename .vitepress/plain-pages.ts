// What language models read: each page as Markdown, a list of them, and all of them in one file.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { docs, onSite, resolveLink } from "./links.js"

/**
 * Writes each page beside its HTML, `llms.txt`, which is the table of contents, and
 * `llms-full.txt`, which is every page in its order.
 */
export function writePlainPages(built: string, base: string, pages: readonly string[]): void {
  const texts = pages.map((page) => {
    const text = withLinksOfSite(page, base)
    const file = join(built, onSite(page))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return `<!-- ${base}${onSite(page)} -->\n\n${text}`
  })
  writeFileSync(join(built, "llms.txt"), withLinksOfSite("README.md", base))
  writeFileSync(join(built, "llms-full.txt"), texts.join("\n"))
}

/** Reads a page with links that hold wherever its text is copied to. Code stays as it is. */
function withLinksOfSite(page: string, base: string): string {
  return readFileSync(join(docs, page), "utf8")
    .split(/(^```.*?^```$|`[^`\n]*`)/ms)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replaceAll(/\]\(([^()\s]+)\)/g, (whole, link: string) => {
            const resolved = link.startsWith("#") ? `/${onSite(page)}${link}` : resolveLink(page, link)
            return resolved === undefined ? whole : `](${resolved.replace(/^\//, base)})`
          }),
    )
    .join("")
}
