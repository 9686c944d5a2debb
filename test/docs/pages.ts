import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

/** A page of the documentation. */
export interface Page {
  /** Its path in the repository, with slashes. */
  path: string
  text: string
}

/** A fenced block of code. */
export interface Block {
  language: string
  /** What `file=` after the language says. */
  file: string | undefined
  code: string
  /** The line of the fence, counted from one. */
  line: number
}

/** The papers at the root, and everything in docs but the demo's sources and what typedoc writes. */
export const pages: readonly Page[] = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "AGENTS.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => /^(?!api\/).*\.md$/.test(path) && !path.includes("node_modules"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`)
    .toSorted(),
].map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))

/** The page on migrating existing apps, which describes other people's code in its own words. */
export const migrating = "docs/migrating-from-hand-rolled-guests.md"

/** The page on migrating the chatbot template, whose code is the difference between two apps. */
export const chatbot = "docs/migrating-from-the-chatbot-template.md"

/** The page at this path. */
export function page(path: string): Page {
  const found = pages.find((page) => page.path === path)
  if (!found) throw new Error(`There is no page ${path}.`)
  return found
}

/** The fenced blocks of a page. */
export function blocksOf({ text }: Page): Block[] {
  return [...text.matchAll(/^```(?<language>\w*)(?<info>[^\n]*)\n(?<code>.*?)^```$/gms)].map(({ groups, index }) => ({
    language: groups?.language ?? "",
    file: /\bfile=(\S+)/.exec(groups?.info ?? "")?.[1],
    code: groups?.code ?? "",
    line: text.slice(0, index).split("\n").length,
  }))
}

/** A page without its blocks of code. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```.*?^```$/gms, "")
}

/** The anchors of a page: its headings as GitHub names them. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ""] of proseOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "")
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
      .replaceAll(" ", "-")
    let unique = slug
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  return anchors
}

/** What links and images of a page lead to, as written. */
export function linksOf(page: Page): string[] {
  // Code in backticks is no link.
  const text = proseOf(page).replaceAll(/`[^`\n]*`/g, "code")
  return [...text.matchAll(/\]\((?<target>[^()\s]+)\)/g)].map(({ groups }) => groups?.target ?? "")
}

/** A link to a file as that file's path in the repository. */
export function resolveLink({ path }: Page, target: string): string {
  return relative(root, join(root, dirname(path), target)).replaceAll("\\", "/")
}

/** Tells a page whose code test/guides types into an empty folder, as it stands. */
export const isGuide = ({ path }: Page): boolean => path.startsWith("docs/guides/")

/** Returns the file that a block names in a comment on its first line, as the guides do. */
export function namedFile(code: string): string | undefined {
  const [first = ""] = code.split("\n", 1)
  return /^(?:\/\/|#|--|<!--) (?<file>[\w.@/[\]()+-]+)(?: -->)?$/.exec(first.trim())?.groups?.file
}
