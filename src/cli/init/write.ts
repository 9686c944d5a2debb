import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { lstat, mkdir, open, realpath, unlink } from "node:fs/promises"
import { dirname, join, relative, sep } from "node:path"
import { LazySetupError } from "../../errors.js"
import { variablesOf } from "./look/environment.js"
import { isTaken, readFileText } from "./look/source-files.js"
import type { PlannedFile } from "./plan/types.js"

/**
 * Writes files that the app lacks, all of them or none. Refuses a path that is taken, or that a link
 * leads out of the app's folder.
 * @throws LazySetupError naming the file, and what became of those written before it
 */
export async function writeFiles(root: string, files: readonly Pick<PlannedFile, "path" | "content">[]): Promise<void> {
  for (const { path } of files) {
    if (await isTaken(root, path)) throw refusal(path, "is there already")
    await refuseWayOut(root, path)
  }
  const written: string[] = []
  try {
    for (const { path, content } of files) {
      const folder = dirname(join(root, path))
      await mkdir(folder, { recursive: true })
      await refuseWayOut(root, path)
      // Fails where the file has come up meanwhile, also as a link that leads nowhere.
      const file = await open(join(root, path), "wx")
      written.push(path)
      try {
        await file.writeFile(content)
      } finally {
        await file.close()
      }
    }
  } catch (error) {
    throw await undo(root, written, error)
  }
}

async function undo(root: string, written: string[], error: unknown): Promise<LazySetupError> {
  const left: string[] = []
  for (const path of written) await unlink(join(root, path)).catch(() => left.push(path))
  const removed = written.filter((path) => !left.includes(path))
  const said = [
    error instanceof LazySetupError ? error.message : `init: a file could not be written (${reasonOf(error)}).`,
    ...(removed.length > 0 ? [`Removed again what was written before: ${removed.join(", ")}.`] : []),
    ...(left.length > 0 ? [`These were written and could not be removed: ${left.join(", ")}.`] : []),
  ]
  return new LazySetupError(said.join(" "))
}

function reasonOf(error: unknown): string {
  const { code, path } = error as { code?: string; path?: string }
  return [code ?? String(error), ...(path === undefined ? [] : [path])].join(", ")
}

const refusal = (path: string, why: string) =>
  new LazySetupError(`init: ${path} ${why}, and init never overwrites a file. Nothing was written.`)

/** Refuses a path whose folders lead, by a link, out of the app's folder. */
async function refuseWayOut(root: string, path: string): Promise<void> {
  const home = await realpath(root)
  let folder = dirname(join(root, path))
  while (!(await isTaken(folder, "."))) folder = dirname(folder)
  const place = relative(home, await realpath(folder))
  if (place === ".." || place.startsWith(`..${sep}`))
    throw new LazySetupError(
      `init: ${path} can't be written: ${relative(root, folder)} is a link that leads out of the app's folder. Nothing was written.`,
    )
}

/**
 * Adds a new `AUTH_SECRET` to a file of variables that has none; makes the file where it is missing.
 * @returns whether the file got one
 */
export async function writeSecret(root: string, path: string): Promise<boolean> {
  const before = await readFileText(root, path)
  if (before !== undefined && variablesOf(before).includes("AUTH_SECRET")) return false
  const { O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_WRONLY } = constants
  const file = await open(join(root, path), O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600)
  try {
    const gap = before === undefined || before === "" || before.endsWith("\n") ? "" : "\n"
    await file.writeFile(`${gap}AUTH_SECRET=${randomBytes(33).toString("base64")}\n`)
  } finally {
    await file.close()
  }
  return true
}

/**
 * Refuses a file of variables that is a link or a folder.
 * @throws LazySetupError naming it
 */
export async function refuseLinkedVariables(root: string, path: string): Promise<void> {
  const info = await lstat(join(root, path)).catch(() => undefined)
  if (!info || info.isFile()) return
  throw new LazySetupError(
    `init: ${path} is no plain file, so nothing was written. Set AUTH_SECRET where it leads, to what this prints: openssl rand -base64 33`,
  )
}
