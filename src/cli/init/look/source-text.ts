/** What closes a bracket. */
const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}" }

/** Replaces comments by blanks, so that every position and line stays where it was. */
export function withoutComments(text: string): string {
  let code = ""
  for (let at = 0; at < text.length; ) {
    const end = endOfComment(text, at) ?? endOfString(text, at)
    const part = text.slice(at, end ?? at + 1)
    code += end !== undefined && text[at] === "/" ? part.replaceAll(/[^\n]/g, " ") : part
    at += part.length
  }
  return code
}

function endOfComment(text: string, at: number): number | undefined {
  if (text.startsWith("//", at)) return positionOf(text, "\n", at)
  if (text.startsWith("/*", at)) return positionOf(text, "*/", at + 2) + 2
  return undefined
}

/** Finds the end of a string. Quotes that no line closes are taken for part of something else. */
function endOfString(text: string, at: number): number | undefined {
  const quote = text[at] as string
  if (!`"'\``.includes(quote)) return undefined
  for (let n = at + 1; n < text.length; n++) {
    if (text[n] === "\\") n++
    else if (text[n] === quote) return n + 1
    else if (text[n] === "\n" && quote !== "`") return undefined
  }
  return undefined
}

function positionOf(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from)
  return found === -1 ? text.length : found
}

/** Finds the position of the bracket that closes the one at `open`; undefined where none does. */
export function closingBracket(code: string, open: number): number | undefined {
  const expected: string[] = []
  for (let at = open; at < code.length; at++) {
    const end = endOfString(code, at)
    if (end !== undefined) {
      at = end - 1
      continue
    }
    const char = code[at] as string
    if (char in CLOSING) expected.push(CLOSING[char] as string)
    else if (char === expected.at(-1)) expected.pop()
    else if (")]}".includes(char)) return undefined
    if (expected.length === 0) return at
  }
  return undefined
}

/** Splits the text between two brackets at the commas that no inner bracket holds. */
export function splitAtCommas(code: string): string[] {
  const parts = [""]
  for (let at = 0; at < code.length; ) {
    const end =
      endOfString(code, at) ?? ((code[at] as string) in CLOSING ? (closingBracket(code, at) ?? at) + 1 : at + 1)
    if (code[at] === ",") parts.push("")
    else parts[parts.length - 1] += code.slice(at, end)
    at = end
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "")
}

/** Returns the line of a position, counted from one. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length
}

/** Removes the first line break and the indentation that all lines share. */
export function outdent(text: string): string {
  const lines = text
    .replace(/^\n/, "")
    .replace(/[ \t]+$/, "")
    .split("\n")
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length)
  const least = Math.min(...indents)
  return lines.map((line) => line.slice(least)).join("\n")
}
