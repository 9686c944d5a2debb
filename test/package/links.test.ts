import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { linksOf, resolveLink } from "../docs/pages.js"
import { packedTarball } from "../setup/installed-package.js"

const { path: tarball, files } = packedTarball()
/** The links that a reader can follow on npm. CONTRIBUTING and SECURITY concern the repository. */
const pages = files.filter((path) => path === "README.md" || (path.startsWith("docs/") && path.endsWith(".md")))

/** The package, unpacked. */
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "authjs-lazy-links-"))
  execFileSync("tar", ["-xzf", tarball, "-C", folder])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("has the README and the pages of docs in the package", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/getting-started.md", "docs/security.md"]))
})

it.each(pages)("leads from %s to files in the package", (path) => {
  const source = { path, text: readFileSync(join(folder, "package", path), "utf8") }
  const targets = linksOf(source)
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => resolveLink(source, target.split("#")[0] ?? ""))
  // A link to a folder shows what is in it.
  const missing = targets.filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)))
  expect(missing).toEqual([])
  if (path === "README.md") expect(targets.length).toBeGreaterThan(20)
})
