// Writes the address of the repository wherever a file names it: npm run repository -- owner/name

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The files that name the repository by its address. A test holds them to one address. */
export const NAMING = ["package.json", ".github/ISSUE_TEMPLATE/config.yml"]

/** Matches an address on GitHub in one of these files. */
export const ADDRESS = /https:\/\/github\.com\/(?<repository>[\w.-]+\/[\w-]+(?:\.(?!git\b)[\w-]+)*)/g

/** Finds the repository that package.json names, such as `OWNER/authjs-lazy` before the owner has filled it in. */
export function repositoryOf(packageJson: string): string {
  const { repository } = JSON.parse(packageJson) as { repository: { url: string } }
  return repository.url.matchAll(ADDRESS).next().value?.groups?.repository ?? ""
}

/**
 * Writes the address of a repository on GitHub into every file that names it.
 * @throws Error where `repository` is not an owner and a name
 */
export function setRepository(root: string, repository: string): void {
  if (!/^[\w-]+\/[\w.-]+$/.test(repository) || repository.endsWith(".git"))
    throw new Error("Name the repository on GitHub by its owner and its name: npm run repository -- owner/name")
  for (const file of NAMING) {
    const path = join(root, file)
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(ADDRESS, `https://github.com/${repository}`))
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    setRepository(process.cwd(), process.argv[2] ?? "")
    console.log(`The address of the repository is set in ${NAMING.join(" and ")}.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
