import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    exclude: ["test/bench/**", "**/node_modules/**"],
    globalSetup: ["test/setup/postgres-server.ts"],
    // The OpenID provider of the tests warns at every start that it is set up for tests.
    onConsoleLog: (log) => !log.startsWith("oidc-provider "),
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
