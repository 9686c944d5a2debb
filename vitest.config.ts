import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    exclude: ["test/bench/**", "**/node_modules/**"],
    globalSetup: ["test/setup/postgres-server.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
