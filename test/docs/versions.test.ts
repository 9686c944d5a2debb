import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { ROWS } from "../matrix/rows.js"
import { page, root } from "./pages.js"

const { text } = page("docs/versions.md")
const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  peerDependencies: Record<string, string>
}
/** The table of the page: the range and the version of each column, by package. */
const table = new Map(
  [...text.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| (.+) \|$/gm)].map(([, name = "", range = "", cells = ""]) => [
    name,
    { range: range.replaceAll("\\|", "|"), versions: cells.split(" | ") },
  ]),
)

it("has the rows of the matrix, with the versions that it installs", () => {
  const columns = /^\| Package \| Range \| (.+) \|$/m.exec(text)?.[1]?.split(" | ")
  expect(columns).toEqual(ROWS.map(({ name }) => name))
  const installed = Object.keys(ROWS[0]?.versions ?? {}).map((name) => [
    name,
    ROWS.map(({ versions }) => versions[name]),
  ])
  expect(Object.fromEntries([...table].map(([name, { versions }]) => [name, versions]))).toEqual(
    Object.fromEntries(installed),
  )
})

it("has the ranges of package.json, whose lowest versions are tested", () => {
  // The page says that these are tested with one version.
  const { "@observablehq/plot": _, "@opentelemetry/api": __, linkedom: ___, ...others } = peerDependencies
  const peers = { "@hono/auth-js": ">=1.1", ...others }
  expect(Object.fromEntries([...table].map(([name, { range }]) => [name, range]))).toEqual(peers)
  for (const [name, range] of Object.entries(peers)) {
    const floor = /[\d.]+(-beta\.\d+)?/.exec(range)?.[0] ?? ""
    expect(`${ROWS[0]?.versions[name]}.0`, name).toMatch(new RegExp(`^${floor.replaceAll(".", "\\.")}(\\.0)*$`))
  }
})

it("leads to the page from the README and from the pages that need it", () => {
  for (const path of ["README.md", "docs/getting-started.md", "docs/next.md", "docs/doctor.md"])
    expect(page(path).text, path).toContain("versions.md")
})
