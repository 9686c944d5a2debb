import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** Another demo is running on the same folder. */
export class FolderInUse extends Error {}

/**
 * Makes the folder, if need be, and keeps it for this process until it ends: PGlite itself would let two write to one folder, and
 * lose data.
 * @throws FolderInUse
 */
export async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, "lock")
  try {
    await writeFile(file, String(process.pid), { flag: "wx" })
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error
    const owner = Number(await readFile(file, "utf8"))
    if (isRunning(owner)) throw new FolderInUse(`Process ${owner} is using ${folder}: stop it, or remove ${file}.`)
    // Left behind by a process that was killed.
    await rm(file, { force: true })
    return claimFolder(folder)
  }
  process.once("exit", () => rmSync(file, { force: true }))
}

/** What cookies are signed with. Made on the first run and kept: with a new one at every start, everybody would be signed out. */
export async function readSecret(folder: string): Promise<string> {
  const file = join(folder, "secret")
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error
  }
  const secret = randomBytes(32).toString("base64url")
  await writeFile(file, secret, { mode: 0o600 })
  return secret
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It is there, but somebody else's.
    return hasCode(error, "EPERM")
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}
