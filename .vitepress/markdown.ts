import { relative, sep } from "node:path"
import type { MarkdownOptions } from "vitepress"
import { drawDiagram } from "./diagrams.js"
import { anchorOf, docs, resolveLink } from "./links.js"

/** Renders Markdown as it is on GitHub: its links, its anchors, its diagrams. */
export const markdown: MarkdownOptions = {
  anchor: { slugify: anchorOf },
  theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  config(md) {
    md.core.ruler.push("repository-links", ({ env, tokens }) => {
      const from = relative(docs, env.realPath ?? env.path).replaceAll(sep, "/")
      for (const token of tokens.flatMap(({ children }) => children ?? [])) {
        const link = token.type === "link_open" ? token.attrGet("href") : null
        if (link !== null) token.attrSet("href", resolveLink(from, link) ?? link)
      }
      // A screen reader takes an empty header cell for a name.
      for (const [index, { type, children }] of tokens.entries()) {
        if (type !== "inline" || children?.length !== 0 || tokens[index - 1]?.type !== "th_open") continue
        for (const cell of [tokens[index - 1], tokens[index + 1]]) if (cell) cell.tag = "td"
      }
      // The home page has a headline of its own.
      if (from === "README.md") tokens.splice(0, tokens.findIndex(({ type }) => type === "heading_close") + 1)
    })
    const { fence } = md.renderer.rules
    md.renderer.rules.fence = (tokens, index, options, env, self) => {
      const { info = "", content = "" } = tokens[index] ?? {}
      if (info.trim() === "mermaid") return drawDiagram(content, `diagram-${index}`)
      const code = fence?.(tokens, index, options, env, self) ?? ""
      const file = /\bfile=(?<name>\S+)/.exec(info)?.groups?.name
      return file === undefined ? code : `<p class="file-name"><code>${file}</code></p>\n${code}`
    }
  },
}
