// `node port.mjs <folder>` writes the chat as it was before the port into a new folder.
// `node port.mjs --diff <folder>` writes port.diff anew, from such a folder after changes to it.
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"

const after = import.meta.dirname
const diff = join(after, "port.diff")
const notPorted =
  /^(README\.md|port\.(mjs|diff)|package-lock\.json|\.next|next-env\.d\.ts|node_modules|.*\.tsbuildinfo)$/

const copy = (from, to) => cpSync(from, to, { recursive: true, filter: (path) => !notPorted.test(basename(path)) })

function writeBefore(folder) {
  copy(after, folder)
  // Outside of a repository, so that git takes the paths from this folder.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: resolve(folder, "..") }
  execFileSync("git", ["apply", "--reverse", diff], { cwd: folder, env })
}

function writeDiff(before) {
  const scratch = mkdtempSync(join(tmpdir(), "chat-port-"))
  copy(before, join(scratch, "a"))
  copy(after, join(scratch, "b"))
  const args = ["diff", "--no-index", "--no-renames", "--no-prefix", "--no-color", "a", "b"]
  const { stdout, stderr, status } = spawnSync("git", args, { cwd: scratch, encoding: "utf8" })
  rmSync(scratch, { recursive: true })
  // git ends with 1 where the folders differ.
  if (status !== 1) throw new Error(stderr || "The folders are equal.")
  // Of a file that is new or gone, git names one side twice.
  writeFileSync(diff, stdout.replaceAll(/^diff --git [ab]\/(.*) [ab]\/\1$/gm, "diff --git a/$1 b/$1"))
}

const [option = "", before = ""] = process.argv.slice(2)
if (option === "--diff") writeDiff(resolve(before))
else writeBefore(resolve(option))
