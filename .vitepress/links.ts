import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { repositoryOf } from "../scripts/repository.js"
import { NO_PAGES } from "./contents.js"

const root = fileURLToPath(new URL("..", import.meta.url))
export const docs = join(root, "docs")
export const repository = `https://github.com/${repositoryOf(readFileSync(join(root, "package.json"), "utf8"))}`

/**
 * Resolves a link as it stands in a Markdown file: pages of the site to their path on it, other
 * files and folders of the repository to GitHub.
 *
 * @param from The Markdown file, relative to docs.
 * @returns The link for the site; undefined where there is no such file.
 */
export function resolveLink(from: string, link: string): string | undefined {
  if (/^([a-z]+:|#|\/)/.test(link)) return link
  const [target = "", anchor] = link.split("#")
  const file = join(docs, dirname(from), target)
  if (!existsSync(file)) return undefined
  const page = relative(docs, file).replaceAll(sep, "/")
  const hash = anchor === undefined ? "" : `#${anchor}`
  if (isPage(page)) return `/${onSite(page)}${hash}`
  const kind = statSync(file).isDirectory() ? "tree" : "blob"
  return `${repository}/${kind}/main/${relative(root, file).replaceAll(sep, "/")}${hash}`
}

/**
 * Converts the path of a page below docs into its path on the site. The index of a folder is its
 * README, or the page beside it that has its name.
 */
export function onSite(page: string): string {
  if (existsSync(join(docs, page.replace(/\.md$/, "")))) return page.replace(/\.md$/, "/index.md")
  return page.replace(/(^|\/)README\.md$/, "$1index.md")
}

/** Names the anchor of a heading as GitHub does, so that one link works in both places. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-")
}

function isPage(path: string): boolean {
  if (path.startsWith("..") || !path.endsWith(".md")) return false
  const [folder = ""] = path.split("/")
  return folder === "api" || !NO_PAGES.has(folder)
}
