import { type Block, blocksOf, namedFile, page } from "../docs/pages.js"

/** What a reader of a guide does next. */
export type Step =
  | { does: "types"; commands: string; line: number }
  | { does: "saves"; file: string; text: string; line: number }
  | { does: "edits"; file: string; from: string; to: string; line: number }

/**
 * Reads what a guide tells its reader to type, in order: commands in blocks of `sh`, files in blocks
 * whose first line names the file in a comment, and changes to a file in such blocks of `diff`.
 * Output is shown in blocks of `text`.
 * @throws Error for a block that is none of these
 */
export function readGuide(path: string): Step[] {
  return blocksOf(page(path))
    .filter(({ language }) => language !== "text")
    .map((block) => stepOf(block, path))
}

function stepOf({ language, code, line }: Block, path: string): Step {
  if (language === "sh") return { does: "types", commands: code, line }
  const file = namedFile(code)
  const rest = code.split("\n").slice(1)
  if (!file) throw new Error(`${path}:${line} is neither a command nor does its first line name a file.`)
  if (language !== "diff") return { does: "saves", file, text: rest.join("\n"), line }
  const without = (sign: string) => rest.flatMap((line) => (line.startsWith(sign) ? [] : [line.slice(1)])).join("\n")
  return { does: "edits", file, from: without("+"), to: without("-"), line }
}
