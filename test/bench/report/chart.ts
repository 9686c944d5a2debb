/** Bars below one heading, of which the longest of all groups fills the width. */
export interface Group {
  title: string
  bars: { label: string; value: number; own: boolean }[]
}

const WIDTH = 480
const MARGIN = 20
/** Room for the figure behind the longest bar. */
const LONGEST = WIDTH - 2 * MARGIN - 64
const HEADING = 40
const BAR = 44

/**
 * The chart follows the theme of the page around it, where the browser passes that on to pictures.
 * Its own ground keeps it readable everywhere else.
 */
const STYLE = `
    svg { --ground: #ffffff; --text: #1f2328; --own: #1d4f91; --other: #8c959f; color-scheme: light dark }
    @media (prefers-color-scheme: dark) {
      svg { --ground: #1b1b1f; --text: #e6e6ea; --own: #a3c5f7; --other: #6b7480 }
    }
    text { fill: var(--text); font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
    .heading { font-weight: 600; font-size: 15px }
    .ground { fill: var(--ground) }
    .own { fill: var(--own) }
    .other { fill: var(--other) }
`

/** Draws bars, each below its label and with its figure behind it. */
export function drawBars(title: string, groups: readonly Group[]): string {
  const largest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const lines: string[] = []
  let top = MARGIN
  for (const group of groups) {
    lines.push(`<text class="heading" x="${MARGIN}" y="${top + 16}">${escaped(group.title)}</text>`)
    top += HEADING
    for (const { label, value, own } of group.bars) {
      const width = Math.max(2, Math.round((value / largest) * LONGEST))
      lines.push(
        `<text x="${MARGIN}" y="${top}">${escaped(label)}</text>`,
        `<rect class="${own ? "own" : "other"}" x="${MARGIN}" y="${top + 6}" width="${width}" height="16" rx="3"/>`,
        `<text x="${MARGIN + width + 8}" y="${top + 19}">${Math.round(value).toLocaleString("en")}</text>`,
      )
      top += BAR
    }
    top += 4
  }
  const height = top
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `  <title>${escaped(title)}</title>`,
    `  <style>${STYLE}  </style>`,
    `  <rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>`,
    ...lines.map((line) => `  ${line}`),
    "</svg>",
  ].join("\n")
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}
