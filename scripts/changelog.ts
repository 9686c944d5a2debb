const UNRELEASED = "## Unreleased"

/**
 * Moves what stands under "Unreleased" below a heading with the version and the date, and leaves an empty "Unreleased".
 * @throws Error where nothing stands there, or the version has a section
 */
export function releaseSection(changelog: string, version: string, date: string): string {
  const lines = changelog.split("\n")
  if (lines.some((line) => line.startsWith("## ") && line.split(" ")[1] === version))
    throw new Error(`CHANGELOG.md has a section for ${version} already. Release a version that it does not name.`)
  const start = lines.indexOf(UNRELEASED)
  if (start === -1) throw new Error(`CHANGELOG.md has no line "${UNRELEASED}". Add it above the newest version.`)
  const next = lines.findIndex((line, index) => index > start && line.startsWith("## "))
  const changes = lines.slice(start + 1, next === -1 ? undefined : next)
  if (!changes.some((line) => line.startsWith("- ")))
    throw new Error(`CHANGELOG.md has no change under "${UNRELEASED}". Add a line for what a user notices.`)
  return lines.toSpliced(start + 1, 0, "", `## ${version} (${date})`).join("\n")
}
