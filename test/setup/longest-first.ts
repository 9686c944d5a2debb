import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * Projects in the order in which they run: the one with builds first, and the one with the shortest
 * files last, so that all workers end at about the same time.
 */
const PROJECTS = ["next", "frameworks", "browser", "package", "database", "flows", "unit"]

/** Files that take longest, which run before the others of their project. */
const LONGEST = [
  "test/next/base-path.test.ts",
  "test/next/chat.test.ts",
  "test/next/example.test.ts",
  "test/next/contract.test.ts",
  "test/guides/guides.test.ts",
  "test/guides/tables.test.ts",
  "test/frameworks/express.test.ts",
  "test/frameworks/behind-nginx.test.ts",
  "test/frameworks/sveltekit.test.ts",
  "test/browser/demo.test.ts",
  "test/browser/demo-linking.test.ts",
  "test/package/install.test.ts",
  "test/cli/config-process.test.ts",
  "test/cli/pglite.test.ts",
  "test/contract/shapes.test.ts",
  "test/store/merge.test.ts",
  "test/store/purge.test.ts",
  "test/doctor/tables.test.ts",
  "test/store/merge-concurrency.test.ts",
  "test/store/redact.test.ts",
  "test/auth/each-statement.test.ts",
  "test/auth/secrets-in-logs.test.ts",
  "test/auth/equal-time.test.ts",
]

/**
 * Sorts files by project, because a worker keeps its loaded modules only while the next file is of
 * the same project. Vitest itself sorts by size across projects where it has no times of a run before.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification) => {
      const place = LONGEST.indexOf(relative(this.ctx.config.root, file.moduleId).replaceAll("\\", "/"))
      return place === -1 ? LONGEST.length : place
    }
    const order = (file: TestSpecification) => PROJECTS.indexOf(file.project.name)
    return (await super.sort(files)).toSorted((one, other) => order(one) - order(other) || rank(one) - rank(other))
  }
}
