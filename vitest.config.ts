import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    exclude: ["test/bench/**", "**/node_modules/**"],
    globalSetup: ["test/setup/postgres-server.ts"],
    // The OpenID provider of the tests warns at every start that it is set up for tests.
    onConsoleLog: (log) => !log.startsWith("oidc-provider "),
    // Much of their time the tests wait for browsers and servers, so that also two cores have room for two files.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
