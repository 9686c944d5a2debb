// Runs the tests of the store on each engine, and compares what fails with refused.json: npm run
// engines. `-- --only CockroachDB` plays one, `-- --update` writes the refused tests. The reasons
// under `fixture` are written by hand; left-out.ts names the files that play no engine.

import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { profiles } from "../setup/engine-profiles.js"
import type { PlayedTest } from "./reporter.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const LIST = join(ROOT, "test/engines/refused.json")

/** The tests that fail, by file: all of one, or those of these names. */
type Failing = Record<string, "all" | string[]>

/** What can't pass on one engine. */
interface Listed {
  /** Tests of what the library refuses by the name of the engine. */
  refused: Failing
  /** By the reason, tests that can't be judged: what they do themselves is beyond the profile. */
  fixture: Record<string, Record<string, string[]>>
}

const args = process.argv.slice(2)
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined
const names = profiles.map(({ name }) => name).filter((name) => only === undefined || name === only)
if (names.length === 0) throw new Error(`There is no engine ${only}: ${profiles.map(({ name }) => name).join(", ")}.`)

const update = args.includes("--update")
const lists = JSON.parse(readFileSync(LIST, "utf8")) as Record<string, Listed>
const differences: string[] = []
for (const name of names) {
  const list = lists[name] ?? { refused: {}, fixture: {} }
  const tests = play(name)
  const refused = refusedIn(tests, name)
  const others = tests.filter((test) => test.failure !== undefined && !isByName(test, name))
  if (!update) differences.push(...compare(name, refused, list.refused))
  differences.push(...judge(name, others, list.fixture))
  lists[name] = { ...list, refused }
  const failed = tests.filter(({ failure }) => failure !== undefined)
  console.log(
    `  ${tests.length - failed.length} passed, ${failed.length - others.length} refused, ${others.length} failed by themselves`,
  )
  if (update) writeFileSync(LIST, `${JSON.stringify(lists, null, 2)}\n`)
}
for (const difference of differences) console.error(difference)
console.log(differences.length === 0 ? "All engines refuse what they are known to refuse." : "")
process.exitCode = differences.length === 0 ? 0 : 1

/** Runs the tests on one engine. */
function play(name: string): PlayedTest[] {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-engines-"))
  const report = join(folder, "report.json")
  console.log(`Playing ${name} …`)
  const began = Date.now()
  spawnSync(
    "npx",
    [
      "vitest",
      "run",
      "--config",
      "test/engines/vitest.config.ts",
      `--reporter=${fileURLToPath(new URL("reporter.ts", import.meta.url))}`,
    ],
    {
      cwd: ROOT,
      env: { ...process.env, TEST_ENGINE: name, TEST_ENGINE_REPORT: report },
      stdio: ["ignore", "ignore", "inherit"],
    },
  )
  const played = JSON.parse(readFileSync(report, "utf8")) as PlayedTest[]
  rmSync(folder, { recursive: true })
  console.log(`  ${Math.round((Date.now() - began) / 1000)} s`)
  return played
}

/** Tells whether a test failed because the library refused something by the name of the engine. */
function isByName({ failure = "" }: PlayedTest, engine: string): boolean {
  return failure.includes(`on ${engine}`) || failure.includes(`${engine} does not count deleted rows`)
}

/** Lists the tests that were refused by the name of the engine, by their file. */
function refusedIn(all: PlayedTest[], engine: string): Failing {
  const files = [...new Set(all.map(({ file }) => file))].map((file): [string, "all" | string[]] => {
    const ran = all.filter((each) => each.file === file)
    const refused = ran.filter((each) => each.failure !== undefined && isByName(each, engine)).map(({ test }) => test)
    const whole = refused.length === ran.length && refused.length > 1
    return [file, whole ? "all" : [...new Set(refused)].sort()]
  })
  return Object.fromEntries(files.filter(([, refused]) => refused.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Says which tests fail for no listed reason, and which have one but don't need it. */
function judge(engine: string, failures: PlayedTest[], fixture: Listed["fixture"]): string[] {
  const known = Object.values(fixture).flatMap((files) =>
    Object.entries(files).flatMap(([file, tests]) => tests.map((test) => ({ file, test }))),
  )
  const isSame = (one: { file: string; test: string }) => (other: { file: string; test: string }) =>
    one.file === other.file && one.test === other.test
  return [
    ...failures
      .filter((failure) => !known.some(isSame(failure)))
      .map(
        ({ file, test, failure }) =>
          `${engine}: ${file}: fails by itself: ${test}: ${failure?.split("\n")[0]?.slice(0, 200)}`,
      ),
    ...known
      .filter((test) => !failures.some(isSame(test)))
      .map(({ file, test }) => `${engine}: ${file}: listed under fixture, but doesn't fail by itself: ${test}`),
  ]
}

/** Says which tests are refused that are not listed, and which are listed but not refused. */
function compare(engine: string, found: Failing, expected: Failing): string[] {
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
        .map((test) => `${engine}: ${file}: listed, but it is not refused: ${test}`),
    ]
  })
}
