import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

/**
 * One file for each thing that the store does. Left out are those that open connections of their
 * own, which play no engine, and those that go through many schemas or processes.
 */
const FILES = ["adopt", "create", "delete-lazy-user", "end-rows", "merge", "odd-keys", "purge", "stats", "touch"]

// The tests of the store, on the engine that the variable TEST_ENGINE names. Those of engines.test.ts
// play all engines by themselves, in ordinary runs.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: FILES.map((file) => `test/store/${file}.test.ts`),
    globalSetup: ["test/setup/postgres-server.ts", "test/setup/left-out.ts"],
    isolate: false,
    // A message that is cut off may not name the engine.
    chaiConfig: { truncateThreshold: 0 },
    expect: { poll: { timeout: 5_000 } },
    testTimeout: 20_000,
    hookTimeout: 40_000,
  },
})
