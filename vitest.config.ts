import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import LongestFirst from "./test/setup/longest-first.js"

/** Files that talk to no database, no server and no browser. */
const UNIT = [
  "test/architecture.test.ts",
  "test/auth/{client-address,random-bytes,token-codec,token-keys}.test.ts",
  "test/docs/{contents,links,options,troubleshooting}.test.ts",
  "test/doctor/{auth-cores,page}.test.ts",
  "test/gate/{decide,known-bots}.test.ts",
  "test/password/**/*.test.ts",
  "test/release/**/*.test.ts",
]
/** Whole apps in Chromium, but for those that a framework builds. */
const BROWSER = ["test/browser/**/*.test.ts"]
/** Apps of other frameworks, built and started as their documentation says. */
const FRAMEWORKS = ["test/frameworks/**/*.test.ts", "test/guides/**/*.test.ts"]
/** Apps of Next.js, likewise. */
const NEXT = ["test/next/**/*.test.ts"]
/** The package as npm publishes it, its command line, and the code in the docs. */
const PACKAGE = ["test/package/**/*.test.ts", "test/cli/**/*.test.ts", "test/docs/**/*.test.ts"]
/** What people do, from the request to the rows, without a server. */
const FLOWS = ["test/auth/**/*.test.ts", "test/gate/**/*.test.ts", "test/pages/**/*.test.{ts,tsx}"]
/**
 * Projects whose tests hash at the cost of an app: test/password, and code that others verify. In
 * the others, hashes would take most of the time.
 */
const REAL_HASHES = ["unit", "package"]
const quickArgon2 = fileURLToPath(new URL("test/setup/quick-argon2.ts", import.meta.url))
/** Statements, on each driver where their SQL can differ. */
const DATABASE = ["test/store/**/*.test.ts", "test/contract/**/*.test.ts", "test/doctor/**/*.test.ts"]

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "html"], reportOnFailure: true },
    globalSetup: [
      "test/setup/postgres-server.ts",
      "test/setup/pglite-snapshot.ts",
      "test/setup/packed-tarball.ts",
      "test/setup/left-out.ts",
    ],
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/setup/project-times.ts"],
    // The OpenID provider of the tests warns at every start that it is set up for tests.
    onConsoleLog: (log) => !log.startsWith("oidc-provider "),
    // Tests wait for browsers and servers much of the time, so two cores have room for three files.
    maxWorkers: availableParallelism() + 1,
    // Otherwise each project transforms the whole of src.
    experimental: { fsModuleCache: true },
    projects: [
      project("unit", UNIT),
      project("database", DATABASE, UNIT),
      project("flows", FLOWS, UNIT),
      project("browser", BROWSER),
      { test: { ...project("frameworks", FRAMEWORKS).test, setupFiles: "test/setup/restore-globals.ts" } },
      // Next sets NODE_ENV and replaces fetch for the whole process.
      { test: { ...project("next", NEXT).test, isolate: true } },
      project("package", PACKAGE, UNIT),
    ],
  },
})

function project(name: string, include: string[], exclude: string[] = []): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include,
      exclude: [...exclude, "**/node_modules/**"],
      alias: REAL_HASHES.includes(name) ? {} : { argon2: quickArgon2 },
      // Test files share no state but modules, which take a second to load for each file.
      isolate: false,
      // Fewer collections of what is short-lived, which is nearly everything.
      execArgv: ["--max-semi-space-size=64"],
      expect: { poll: { timeout: 10_000 } },
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  }
}
