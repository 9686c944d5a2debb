/** The versions of one row, by package. A peer that a row leaves out is not installed there. */
export interface Row {
  name: string
  versions: Record<string, string>
  /** What else the row needs beside the peers: what those need, and types. */
  others: Record<string, string>
  /** Where the app of the row has a gate in front of its pages; undefined where Next can't. */
  pages?: { file: "proxy.ts" | "middleware.ts"; config: string }
}

const TYPES = { typescript: "5.9", "@types/node": "20", postgres: "3.4.9" }
const REACT_18 = { "react-dom": "18.2.0", "@types/react": "18", "@types/react-dom": "18" }
const REACT_19 = { "react-dom": "19.1.0", "@types/react": "19", "@types/react-dom": "19" }
/** Next has run its middleware in Node since 15.5. */
const MIDDLEWARE = { file: "middleware.ts", config: "{ skipMiddlewareUrlNormalize: true }" } as const
const PROXY = { file: "proxy.ts", config: "{ skipProxyUrlNormalize: true }" } as const

/** What `npm run matrix` installs and runs. docs/versions.md has the same table. */
export const ROWS: readonly Row[] = [
  {
    name: "lowest",
    versions: {
      "@auth/core": "0.37.2",
      "next-auth": "5.0.0-beta.25",
      next: "14.2.0",
      "drizzle-orm": "0.34.0",
      "@electric-sql/pglite": "0.3.0",
      express: "4.18.2",
      hono: "4.0.0",
      "@sveltejs/kit": "2.0.0",
      "@hono/auth-js": "1.1.0",
      react: "18.2.0",
    },
    others: { ...TYPES, ...REACT_18, "@types/express": "4" },
  },
  {
    name: "middle",
    versions: {
      "@auth/core": "0.39.1",
      "next-auth": "5.0.0-beta.28",
      next: "15.5.29",
      "drizzle-orm": "0.39.3",
      "@electric-sql/pglite": "0.3.16",
      express: "5.0.0",
      hono: "4.9.12",
      "@sveltejs/kit": "2.20.0",
      "@hono/auth-js": "1.1.0",
      react: "19.1.0",
    },
    others: { ...TYPES, ...REACT_19, "@types/express": "5" },
    pages: MIDDLEWARE,
  },
  {
    name: "newest",
    versions: {
      "@auth/core": "0.41.3",
      "next-auth": "5.0.0-beta.32",
      next: "16.4.6",
      "drizzle-orm": "0.45.4",
      "@electric-sql/pglite": "0.5.17",
      express: "5.3.0",
      hono: "4.13.19",
      "@sveltejs/kit": "2.70.4",
      "@hono/auth-js": "1.1.1",
      react: "19.1.0",
    },
    others: { ...TYPES, ...REACT_19, "@types/express": "5" },
    pages: PROXY,
  },
]
