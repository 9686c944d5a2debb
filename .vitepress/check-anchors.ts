import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Compares the anchors that the built pages link to with those that they have. VitePress itself
 * looks for dead links to pages, but not for dead anchors in them.
 *
 * @throws Error with each link whose anchor does not exist
 */
export function checkAnchors(built: string, base: string): void {
  const pages = readdirSync(built, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".html"))
  const html = new Map(pages.map((path) => [path, readFileSync(join(built, path), "utf8")]))
  const anchors = new Map([...html].map(([path, text]) => [path, valuesOf("id", text)]))
  const dead = [...html].flatMap(([path, text]) =>
    [...valuesOf("href", text)].flatMap((link) => {
      const [target = "", anchor] = link.split("#")
      if (anchor === undefined || anchor === "" || /^[a-z]+:/.test(link)) return []
      const page = target === "" ? path : pageAt(target.slice(base.length), built)
      return anchors.get(page)?.has(decodeURIComponent(anchor)) ? [] : [`${path} leads to ${link}`]
    }),
  )
  if (dead.length > 0) throw new Error(`The site has links to headings that do not exist:\n${dead.join("\n")}`)
}

function valuesOf(attribute: string, html: string): Set<string> {
  const values = html.matchAll(new RegExp(` ${attribute}="(?<value>[^"]*)"`, "g"))
  return new Set([...values].map(({ groups }) => groups?.value ?? ""))
}

function pageAt(path: string, built: string): string {
  if (path === "" || path.endsWith("/")) return `${path}index.html`
  return existsSync(join(built, `${path}.html`)) ? `${path}.html` : path
}
