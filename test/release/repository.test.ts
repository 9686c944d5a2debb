import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import { ADDRESS, NAMING, repositoryOf, setRepository } from "../../scripts/repository.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** A folder with copies of the files that name the repository. */
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "authjs-lazy-repository-"))
  for (const file of NAMING) cpSync(join(root, file), join(folder, file), { recursive: true })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (from: string, file: string) => readFileSync(join(from, file), "utf8")
const named = (from: string) =>
  NAMING.flatMap((file) => [...read(from, file).matchAll(ADDRESS)].map(({ groups }) => groups?.repository))

function addresses(from: string): unknown {
  const { homepage, bugs, repository } = JSON.parse(read(from, "package.json"))
  return { homepage, bugs, repository }
}

const addressesOf = (repository: string) => ({
  homepage: `https://github.com/${repository}#readme`,
  bugs: { url: `https://github.com/${repository}/issues` },
  repository: { type: "git", url: `git+https://github.com/${repository}.git` },
})

it("names one repository as homepage, for bugs, as source and for reports of vulnerabilities", () => {
  const repository = repositoryOf(read(root, "package.json"))
  expect(addresses(root)).toEqual(addressesOf(repository))
  expect(named(root)).toEqual(Array(4).fill(repository))
})

it.each(["acme/lazy", "a-b/authjs-lazy", "acme/lazy.js", "acme/lazy"])("sets all of them to %s", (repository) => {
  const { description } = JSON.parse(read(folder, "package.json"))
  setRepository(folder, repository)
  expect(addresses(folder)).toEqual(addressesOf(repository))
  expect(repositoryOf(read(folder, "package.json"))).toBe(repository)
  expect(named(folder)).toEqual(Array(4).fill(repository))
  expect(JSON.parse(read(folder, "package.json")).description).toBe(description)
  expect(read(folder, ".github/ISSUE_TEMPLATE/config.yml")).toContain(
    `https://github.com/${repository}/security/advisories/new`,
  )
})

it.each(["", "lazy", "https://github.com/acme/lazy", "acme/lazy.git", "acme/lazy/issues"])(
  "changes nothing for %j",
  (repository) => {
    const before = NAMING.map((file) => read(folder, file))
    expect(() => setRepository(folder, repository)).toThrow("npm run repository -- owner/name")
    expect(NAMING.map((file) => read(folder, file))).toEqual(before)
  },
)
