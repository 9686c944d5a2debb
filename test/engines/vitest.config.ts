import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// The tests of the store, on the engine that the variable TEST_ENGINE names. Those of engines.test.ts
// play all engines by themselves, in ordinary runs.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/store/**/*.test.ts"],
    exclude: ["test/store/engines.test.ts"],
    globalSetup: ["test/setup/postgres-server.ts", "test/setup/left-out.ts"],
    isolate: false,
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
