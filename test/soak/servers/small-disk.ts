import { execFileSync } from "node:child_process"
import { chownSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Account } from "./run-program.js"

/** Large enough for the rows of a run. */
const SIZE = "192m"

const mounted = new Set<string>()

/** Makes a folder on a disk of its own, or a plain folder where this process may not mount one. */
export function makeSpace(folder: string, account: Account | undefined): void {
  mkdirSync(folder)
  if (account) {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder], { stdio: "ignore" })
      mounted.add(folder)
    } catch {
      // A container without the right to mount: the fault is left out.
    }
    chownSync(folder, account.uid, account.gid)
  }
}

/** Tells whether the folder is on a disk of its own, which can be filled. */
export const isOnSmallDisk = (folder: string): boolean => mounted.has(folder)

/** Fills the disk to the last block. Returns a function that makes room again. */
export function fillDisk(folder: string): () => void {
  const junk = join(folder, "junk")
  const file = openSync(junk, "w")
  try {
    for (const size of [1 << 20, 1 << 12]) {
      const block = Buffer.alloc(size)
      try {
        while (writeSync(file, block) === size);
      } catch {
        // No room is left for a block of this size.
      }
    }
  } finally {
    closeSync(file)
  }
  return () => rmSync(junk, { force: true })
}

export function removeSpace(folder: string): void {
  if (mounted.delete(folder)) execFileSync("umount", ["-l", folder], { stdio: "ignore" })
  rmSync(folder, { recursive: true, force: true })
}
