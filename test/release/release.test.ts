import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { releaseSection } from "../../scripts/changelog.js"
import { release } from "../../scripts/release.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0\n\n- The first version.\n"
const FILES = ["package.json", "package-lock.json", "docs/examples/next/package.json"]

let folder: string
/** A repository with the manifests of this one, and a remote that nothing may reach. */
let repository: string
let remote: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "authjs-lazy-release-"))
  repository = join(folder, "repository")
  remote = join(folder, "remote.git")
  for (const file of FILES) cpSync(join(root, file), join(repository, file))
  setVersion("0.1.0")
  writeFileSync(join(repository, "CHANGELOG.md"), CHANGELOG)
  git("init", "--quiet", "--initial-branch=main")
  git("init", "--quiet", "--bare", remote)
  git("remote", "add", "origin", remote)
  git("config", "user.name", "A maintainer")
  git("config", "user.email", "maintainer@example.com")
  commitAll("Begin")
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: repository, encoding: "utf8", stdio: "pipe" }).trimEnd()
}

function commitAll(message: string): void {
  git("add", "--all")
  git("commit", "--quiet", "--message", message)
}

const read = (path: string) => readFileSync(join(repository, path), "utf8")
const json = (path: string) => JSON.parse(read(path))

function setVersion(version: string): void {
  for (const file of ["package.json", "package-lock.json"]) {
    const { packages, ...rest } = json(file)
    const own = packages && { packages: { ...packages, "": { ...packages[""], version } } }
    writeFileSync(join(repository, file), `${JSON.stringify({ ...rest, version, ...own }, null, 2)}\n`)
  }
}

/** What a refused release must leave as it was. */
function state(): Record<string, string> {
  const files = [...FILES, "CHANGELOG.md"].map((file) => [file, read(file)])
  const refs = { head: git("rev-parse", "HEAD"), tags: git("tag"), status: git("status", "--porcelain") }
  return { ...Object.fromEntries(files), ...refs }
}

it("moves the changes below the version and the date, sets the version, commits and tags", () => {
  const lockBefore = json("package-lock.json")
  const manifestBefore = json("package.json")
  const said = release(repository, ["0.2.0"])
  const today = new Date().toISOString().slice(0, 10)
  expect(read("CHANGELOG.md")).toBe(CHANGELOG.replace("## Unreleased\n", `## Unreleased\n\n## 0.2.0 (${today})\n`))
  expect(json("package.json")).toEqual({ ...manifestBefore, version: "0.2.0" })
  expect(json("package-lock.json")).toEqual({
    ...lockBefore,
    version: "0.2.0",
    packages: { ...lockBefore.packages, "": { ...lockBefore.packages[""], version: "0.2.0" } },
  })
  expect(json("docs/examples/next/package.json").dependencies["authjs-lazy"]).toBe("^0.2.0")
  expect(git("log", "--format=%s")).toBe("Release 0.2.0\nBegin")
  expect(git("status", "--porcelain")).toBe("")
  expect(git("rev-parse", "v0.2.0^{commit}")).toBe(git("rev-parse", "HEAD"))
  expect(git("cat-file", "-t", "v0.2.0")).toBe("tag")
  expect(said).toContain("git push --atomic origin main v0.2.0")
  expect(said).toContain("npm publish --provenance")
  expect(said).toContain("release.yml")
})

it("pushes and publishes nothing", () => {
  release(repository, ["0.2.0"])
  expect(git("--git-dir", remote, "for-each-ref")).toBe("")
})

it("says what it would do, and does none of it, with --dry-run", () => {
  const before = state()
  const said = release(repository, ["0.2.0", "--dry-run"])
  expect(said).toContain("Would write CHANGELOG.md, package.json, package-lock.json, docs/examples/next/package.json")
  expect(state()).toEqual(before)
})

it("releases again, and from another branch that is named", () => {
  release(repository, ["0.2.0-beta.1"])
  writeFileSync(
    join(repository, "CHANGELOG.md"),
    read("CHANGELOG.md").replace("Unreleased\n", "Unreleased\n\n- More.\n"),
  )
  commitAll("More")
  git("switch", "--quiet", "--create", "next")
  release(repository, ["v0.2.0", "--branch", "next"])
  expect(git("tag")).toBe("v0.2.0\nv0.2.0-beta.1")
  expect(read("CHANGELOG.md").match(/^## \S+/gm)).toEqual(["## Unreleased", "## 0.2.0", "## 0.2.0-beta.1", "## 0.1.0"])
})

it("asks for the owner's repository as long as there is a placeholder", () => {
  const manifest = read("package.json")
  const withOwner = (owner: string) => manifest.replaceAll(/github\.com\/[^/]+\//g, `github.com/${owner}/`)
  const sayOf = (owner: string) => {
    writeFileSync(join(repository, "package.json"), withOwner(owner))
    if (git("status", "--porcelain") !== "") commitAll(owner)
    return release(repository, ["0.2.0", "--dry-run"])
  }
  expect(sayOf("OWNER")).toContain("npm run repository -- owner/name")
  expect(sayOf("acme")).not.toContain("npm run repository")
})

describe("changes nothing", () => {
  const refused = (message: string | RegExp, ...args: string[]) => {
    const before = state()
    expect(() => release(repository, args)).toThrow(message)
    expect(state()).toEqual(before)
  }

  it("where a file is changed or not yet in git", () => {
    writeFileSync(join(repository, "new.ts"), "")
    refused("new.ts", "0.2.0")
  })

  it("on another branch, or on none", () => {
    git("switch", "--quiet", "--create", "idea")
    refused("The branch is idea. Run git switch main", "0.2.0")
    git("switch", "--quiet", "--detach")
    refused("The branch is none", "0.2.0")
  })

  it("where the tag is there", () => {
    git("tag", "v0.2.0")
    refused("git tag --delete v0.2.0", "0.2.0")
  })

  it.each(["0.1.0", "0.0.9", "0.1.0-beta.1"])("for %s, which is not higher", (version) => {
    refused("must be higher than 0.1.0", version)
  })

  it("for a pre-release that is lower than the one before", () => {
    setVersion("0.2.0-beta.10")
    commitAll("Begin a beta")
    refused("must be higher", "0.2.0-beta.9")
    release(repository, ["0.2.0-beta.11"])
  })

  it.each([
    { args: ["1.2"] },
    { args: ["next"] },
    { args: ["0.2.0+build"] },
    { args: ["0.2.0;ls"] },
    { args: [] },
    { args: ["0.2.0", "0.3.0"] },
    { args: ["0.2.0", "--publish"] },
  ])("for the arguments $args", ({ args }) => refused(/npm run release --|Unknown option/, ...args))

  it("where nothing has changed for users", () => {
    writeFileSync(join(repository, "CHANGELOG.md"), CHANGELOG.replace("- A thing.\n", ""))
    commitAll("Nothing for users")
    refused("no change under", "0.2.0")
  })

  it("where a hook refuses the commit", () => {
    mkdirSync(join(repository, ".git/hooks"), { recursive: true })
    writeFileSync(join(repository, ".git/hooks/pre-commit"), "#!/bin/sh\necho 'not today' >&2\nexit 1\n")
    chmodSync(join(repository, ".git/hooks/pre-commit"), 0o755)
    refused("not today", "0.2.0")
  })

  it("where git can't tag", () => {
    git("config", "tag.gpgSign", "true")
    git("config", "gpg.program", "false")
    refused("git tag failed", "0.2.0")
  })
})

it("takes the changes at the end of a changelog, and refuses a version that has a section", () => {
  const only = "# Changelog\n\n## Unreleased\n\n- A thing.\n"
  expect(releaseSection(only, "1.0.0", "2030-01-02")).toBe(
    "# Changelog\n\n## Unreleased\n\n## 1.0.0 (2030-01-02)\n\n- A thing.\n",
  )
  expect(() => releaseSection(CHANGELOG, "0.1.0", "2030-01-02")).toThrow("a section for 0.1.0 already")
  expect(() => releaseSection("# Changelog\n", "1.0.0", "2030-01-02")).toThrow('no line "## Unreleased"')
})
