import { writeFileSync } from "node:fs"
import { relative } from "node:path"
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from "vitest/node"

/** A test that an engine played. */
export interface PlayedTest {
  file: string
  test: string
  /** What it failed with; undefined where it passed. */
  failure?: string
}

/** Writes what came of each test to the file that the variable TEST_ENGINE_REPORT names. */
export default class EngineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((file) => [...file.children.allTests()].flatMap((test) => playedTest(file, test)))
    const empty = modules.filter((file) => file.children.size === 0)
    if (empty.length > 0) throw new Error(`No test was found: ${empty.map(({ moduleId }) => moduleId).join(", ")}`)
    writeFileSync(process.env.TEST_ENGINE_REPORT as string, JSON.stringify(tests))
  }
}

/** Returns none for a test that is left out on purpose. */
function playedTest(file: TestModule, test: TestCase): PlayedTest[] {
  const { state, errors = [] } = test.result()
  // A test does not run where a hook of what it is in has failed.
  const above = state === "skipped" ? hookErrors(test.parent) : []
  if (state === "skipped" && above.length === 0) return []
  const played = { file: relative(process.cwd(), file.moduleId), test: test.fullName.replaceAll(" > ", " ") }
  return [state === "passed" ? played : { ...played, failure: [...errors, ...above].map(textOf).join("\n") }]
}

function hookErrors(parent: TestSuite | TestModule): readonly SerializedError[] {
  return [...parent.errors(), ...(parent.type === "suite" ? hookErrors(parent.parent) : [])]
}

/** Writes an error with what it was compared with and what caused it. */
function textOf({ message, stack = "", diff = "", cause }: SerializedError): string {
  return [message, stack, diff, ...(cause ? [textOf(cause as SerializedError)] : [])].join("\n")
}
