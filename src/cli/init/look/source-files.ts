import { constants } from "node:fs"
import { lstat, open, readdir } from "node:fs/promises"
import { join } from "node:path"
import { withoutComments } from "./source-text.js"

/** A file of the app, read as text. */
export interface SourceFile {
  /** Its path in the app, with slashes. */
  path: string
  text: string
  /** The text with blanks in place of comments. */
  code: string
}

/** The files of an app that may say something about its sessions and its database. */
export interface Sources {
  files: SourceFile[]
  /** The paths of all files that were seen, read or not. */
  paths: ReadonlySet<string>
  /** Whether there are more files than were read. */
  cut: boolean
}

const MOST_FILES = 3000
const MOST_DEPTH = 9
const LONGEST = 256 * 1024
const READ = /\.(?:[cm]?[jt]sx?|prisma)$/
/** Files that describe the app to others, and its tests. */
const UNREAD = /\.d\.[cm]?ts$|\.(?:test|spec|stories)\.\w+$/
const SKIPPED = /^(?:\..*|node_modules|dist|build|out|coverage|public|static|e2e|tests?|__tests__|migrations)$/

/** Reads the sources in a folder, without following links and without entering other packages. */
export async function readSources(root: string): Promise<Sources> {
  const files: SourceFile[] = []
  const paths = new Set<string>()
  let cut = false
  const enter = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
    if (folder !== "" && entries.some(({ name }) => name === "package.json")) return
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !SKIPPED.test(entry.name)) {
        if (depth === MOST_DEPTH) cut = true
        else await enter(path, depth + 1)
      }
      if (!entry.isFile()) continue
      if (paths.size >= MOST_FILES) {
        cut = true
        return
      }
      paths.add(path)
      if (!READ.test(path) || UNREAD.test(path)) continue
      const text = await readFileText(root, path)
      if (text !== undefined) files.push({ path, text, code: withoutComments(text) })
    }
  }
  await enter("", 0)
  return { files, paths, cut }
}

/** Reads a file of the app as text; undefined for a missing, special or huge file. */
export async function readFileText(root: string, path: string): Promise<string | undefined> {
  const file = await open(join(root, path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined)
  try {
    const info = await file?.stat()
    return info?.isFile() && info.size <= LONGEST ? await file?.readFile("utf8") : undefined
  } finally {
    await file?.close()
  }
}

/** Tells whether anything has this path, a link that leads nowhere included. */
export async function isTaken(root: string, path: string): Promise<boolean> {
  return lstat(join(root, path)).then(
    () => true,
    ({ code }) => code !== "ENOENT" && code !== "ENOTDIR",
  )
}
