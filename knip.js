import { readFileSync } from "node:fs"

const { bin, exports: entries } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"))
const compiled = [...Object.values(entries).map((target) => target.default), bin["authjs-lazy"]]
const sources = compiled
  .filter((path) => path !== undefined)
  .map((path) => path.replace(/^(\.\/)?dist\//, "src/").replace(/\.js$/, ".{ts,tsx}!"))

/** What the package exports is used by apps; what the other entries name is started by a test, a script or a browser. */
export default {
  entry: [
    ...sources,
    ".vitepress/{config.ts,typedoc.js,theme/index.ts,theme/files.d.ts}",
    "docs/demo/{server,screenshot}.ts",
    "docs/demo/public/*.js",
    "test/types/*.test-d.ts",
    "test/types/apps/*.ts",
    "test/matrix/{vitest.config,matrix.test}.ts",
    "test/engines/{vitest.config,played-drizzle,reporter,setup}.ts",
    "test/docs/companions/*.ts",
    "test/docs/docstring-scope.ts",
    "test/gate/shared-limits-server.ts",
    "test/setup/quick-argon2.ts",
    "test/soak/{run,app/server,app/purger}.ts",
    "test/store/purge-worker.ts",
  ],
  project: [
    "*.ts",
    "src/**/*.{ts,tsx}!",
    "scripts/**/*.ts",
    ".vitepress/**/*.{ts,js}",
    "docs/demo/**/*.{ts,tsx,js}",
    "test/**/*.{ts,tsx}",
  ],
  // Projects of their own, with a package.json each, and a script that is copied into one.
  ignore: [
    "test/bench/**",
    "test/package/consumer/**",
    "test/guides/prisma-push.mjs",
    "test/matrix/{next-app/**,frameworks.ts}",
  ],
  // Programs of the operating system.
  ignoreBinaries: ["ldd", "mount", "openssl", "script", "umount"],
  // Loaded by `require` or by name, copied to where an example is installed, and named by the code of docs/recipes.
  ignoreDependencies: ["express4", "typedoc-plugin-markdown", "@auth/sveltekit", "graphql", "graphql-yoga", "redis"],
}
