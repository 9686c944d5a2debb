import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Apart from `npm test`: it installs whole frameworks and takes minutes.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/matrix/**/*.test.ts"],
    globalSetup: ["test/setup/postgres-server.ts", "test/setup/packed-tarball.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Rows run one after the other, since each builds an app.
    fileParallelism: false,
  },
})
