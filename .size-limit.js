import { readFileSync } from "node:fs"

/** The most that the code behind each entry may weigh: gzipped, without the packages it imports. */
const LIMITS = {
  ".": "38 kB",
  "./drizzle": "66 kB",
  "./password": "9 kB",
  "./pages": "18 kB",
  "./express": "19 kB",
  "./hono": "16 kB",
  "./sveltekit": "16 kB",
  "./prisma": "2 kB",
  "./doctor": "45 kB",
  "./stats": "48 kB",
  "./opentelemetry": "3 kB",
  "./next": "38 kB",
  "./next/actions": "10 kB",
  "./react": "3 kB",
  "npx authjs-lazy": "130 kB",
}

const { bin, exports: entries } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"))
const paths = {
  ...Object.fromEntries(Object.entries(entries).map(([name, target]) => [name, target.default])),
  "npx authjs-lazy": bin["authjs-lazy"],
}

export default Object.entries(paths)
  .filter(([name]) => name !== "./package.json")
  .map(([name, path]) => ({
    name,
    path,
    limit: LIMITS[name] ?? missing(name),
    gzip: true,
    modifyEsbuildConfig: (config) => ({
      ...config,
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "error",
    }),
  }))

function missing(name) {
  throw new Error(`.size-limit.js has no limit for ${name}. Add one to LIMITS, a little above what the entry weighs.`)
}
