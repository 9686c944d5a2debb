// Runs the tests of the store on each engine that they can play, and compares what fails with
// refused.json: npm run engines. `-- --only CockroachDB` plays one, `-- --update` writes the list.

import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { profiles } from "../setup/engine-profiles.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const LIST = join(ROOT, "test/engines/refused.json")

/** The tests of one file that can't pass on an engine: all of them, or those of these names. */
type Refused = Record<string, "all" | string[]>

interface JsonReport {
  testResults: {
    name: string
    message: string
    assertionResults: { fullName: string; status: string }[]
  }[]
}

const args = process.argv.slice(2)
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined
const names = profiles.map(({ name }) => name).filter((name) => only === undefined || name === only)
if (names.length === 0) throw new Error(`There is no engine ${only}: ${profiles.map(({ name }) => name).join(", ")}.`)

const listed = JSON.parse(readFileSync(LIST, "utf8")) as Record<string, Refused>
const differences: string[] = []
for (const name of names) {
  const report = play(name)
  if (!args.includes("--update")) differences.push(...compare(name, report, listed[name] ?? {}))
  else {
    listed[name] = failedIn(report)
    writeFileSync(LIST, `${JSON.stringify(listed, null, 2)}\n`)
  }
}
for (const difference of differences) console.error(difference)
console.log(differences.length === 0 ? "All engines refuse what they are known to refuse." : "")
process.exitCode = differences.length === 0 ? 0 : 1

/** Runs the tests on one engine. */
function play(name: string): JsonReport {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-engines-"))
  const report = join(folder, "report.json")
  console.log(`Playing ${name} …`)
  const began = Date.now()
  spawnSync(
    "npx",
    ["vitest", "run", "--config", "test/engines/vitest.config.ts", "--reporter=json", `--outputFile=${report}`],
    { cwd: ROOT, env: { ...process.env, TEST_ENGINE: name }, stdio: ["ignore", "ignore", "inherit"] },
  )
  const read = JSON.parse(readFileSync(report, "utf8")) as JsonReport
  rmSync(folder, { recursive: true })
  console.log(`  ${Math.round((Date.now() - began) / 1000)} s`)
  return read
}

/** Lists the tests that failed, by the name of their file. */
function failedIn({ testResults }: JsonReport): Refused {
  const files = testResults.map(({ name, message, assertionResults }): [string, "all" | string[]] => {
    if (assertionResults.length === 0) throw new Error(`No test ran in ${name}: ${message}`)
    const ran = assertionResults.filter(({ status }) => status === "passed" || status === "failed")
    const failed = ran.filter(({ status }) => status === "failed").map(({ fullName }) => fullName)
    const whole = failed.length === ran.length && failed.length > 1
    return [relative(ROOT, name), whole ? "all" : [...new Set(failed)].sort()]
  })
  return Object.fromEntries(files.filter(([, failed]) => failed.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Says which tests fail that are not listed, and which are listed but pass. */
function compare(engine: string, report: JsonReport, expected: Refused): string[] {
  const found = failedIn(report)
  const files = [...new Set([...Object.keys(found), ...Object.keys(expected)])]
  return files.flatMap((file) => {
    const [failed, known] = [found[file] ?? [], expected[file] ?? []]
    if (failed === "all" || known === "all")
      return failed === known
        ? []
        : [`${engine}: ${file}: ${known === "all" ? "not all of its tests" : "all of its tests"} are refused.`]
    return [
      ...failed
        .filter((test) => !known.includes(test))
        .map((test) => `${engine}: ${file}: refused, but not listed: ${test}`),
      ...known
        .filter((test) => !failed.includes(test))
        .map((test) => `${engine}: ${file}: listed, but it passes: ${test}`),
    ]
  })
}
