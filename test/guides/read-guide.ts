import { type Block, blocksOf, namedFile, page } from "../docs/pages.js"

/** What a reader of a guide does next. */
export type Step =
  | { does: "types"; commands: string; line: number }
  | { does: "schedules"; command: string; line: number }
  | { does: "sees"; text: string; line: number }
  | { does: "saves"; file: string; text: string; line: number }
  | { does: "edits"; file: string; from: string; to: string; line: number }

/**
 * Reads what a guide has its reader type and see, in order: commands in blocks of `sh`, a line for
 * cron in one that begins with `# crontab`, what was printed in blocks of `text`, files in blocks
 * whose first line names the file in a comment, and changes to a file in such blocks of `diff`.
 * @throws Error for a block that is none of these
 */
export function readGuide(path: string): Step[] {
  return blocksOf(page(path)).map((block) => stepOf(block, path))
}

function stepOf({ language, code, line }: Block, path: string): Step {
  const file = namedFile(code)
  const rest = code.split("\n").slice(1)
  if (language === "text") return { does: "sees", text: code, line }
  if (language === "sh" && file === "crontab") return { does: "schedules", command: commandOf(rest.join("\n")), line }
  if (language === "sh") return { does: "types", commands: code, line }
  if (!file) throw new Error(`${path}:${line} is neither a command nor does its first line name a file.`)
  if (language !== "diff") return { does: "saves", file, text: rest.join("\n"), line }
  const without = (sign: string) => rest.flatMap((line) => (line.startsWith(sign) ? [] : [line.slice(1)])).join("\n")
  return { does: "edits", file, from: without("+"), to: without("-"), line }
}

/** Returns what cron runs by a line of a crontab, which begins with five fields for the time. */
function commandOf(line: string): string {
  const [, command] = /^(?:[\d*,/-]+ ){5}(.+)\n$/.exec(line) ?? []
  if (command === undefined) throw new Error(`This is no line of a crontab: ${line}`)
  return command
}
