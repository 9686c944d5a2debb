/** Formats a Markdown table with aligned columns: text in the first, figures in the others. */
export function markdownTable(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => [...(row[column] ?? "")].length), 3))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => padded(cell, widths[column] ?? 0, column)).join(" | ")} |`
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n")
}

function padded(cell: string, width: number, column: number): string {
  // The length in characters, as people see them.
  const missing = " ".repeat(width - [...cell].length)
  return column === 0 ? cell + missing : missing + cell
}

/** Three digits, or as many as a whole number has. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "n/a"
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString(
    "en",
    Number.isInteger(value) ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits },
  )
}
