import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { LEFT_OUT } from "./left-out.js"

const played = fileURLToPath(new URL("played-drizzle.ts", import.meta.url))

// The tests of the store, on the engine that the variable TEST_ENGINE names.
export default defineConfig({
  plugins: [
    {
      name: "play-engine",
      enforce: "pre",
      // Tests connect clients of their own, to look at what they send or to cut them off.
      resolveId: (source, importer = "") =>
        source === "drizzle-orm/postgres-js" && importer.includes("/test/store/") ? played : undefined,
    },
  ],
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/store/*.test.ts", "test/contract/*.test.ts"],
    exclude: Object.keys(LEFT_OUT),
    globalSetup: ["test/setup/postgres-server.ts", "test/setup/left-out.ts"],
    setupFiles: ["test/engines/setup.ts"],
    isolate: false,
    // Tests of what is refused wait for what never comes.
    maxWorkers: availableParallelism(),
    // A message that is cut off may not name the engine.
    chaiConfig: { truncateThreshold: 0 },
    expect: { poll: { timeout: 5_000 } },
    testTimeout: 20_000,
    hookTimeout: 40_000,
  },
})
