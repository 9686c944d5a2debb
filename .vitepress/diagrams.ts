import { renderMermaidSVG } from "beautiful-mermaid"

const DESCRIPTION = /^\s*acc(?<kind>Title|Descr): (?<text>.+)\n/gm

/**
 * Draws a Mermaid diagram as SVG. Its colours are variables of the site's style sheet, so that one
 * picture serves light and dark.
 *
 * @param name A name that is unique on the page: markers of arrows have global ids.
 * @throws Error where the diagram has no `accTitle`, which screen readers read out
 */
export function drawDiagram(source: string, name: string): string {
  const described = new Map([...source.matchAll(DESCRIPTION)].map(({ groups }) => [groups?.kind, groups?.text]))
  const title = described.get("Title")
  if (title === undefined)
    throw new Error(`A diagram needs a title for screen readers, below its first line: "accTitle: …"\n${source}`)
  const label = toAttribute([title, described.get("Descr")].filter((text) => text !== undefined).join(". "))
  const svg = renderMermaidSVG(source.replaceAll(DESCRIPTION, ""), {
    padding: 8,
    layerSpacing: 28,
    nodeSpacing: 20,
    transparent: true,
  })
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/^<svg ([^>]*?) style="[^"]*"/, `<svg $1 role="img" aria-label="${label}"`)
    .replaceAll(/(id="|url\(#)/g, `$1${name}-`)
  // As a string, since Vue would render the whitespace in it differently on the server and in the browser.
  const html = toAttribute(JSON.stringify(svg))
  return `<figure class="diagram" tabindex="0" role="group" aria-label="${toAttribute(title)}" v-html="${html}" />\n`
}

function toAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;")
}
