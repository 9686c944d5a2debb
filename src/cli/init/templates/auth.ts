import type { Framework } from "../look/framework.js"
import { importLine, sortImports } from "./imports.js"

/** What goes into the module with the configuration. */
export interface AuthParts {
  framework: Framework
  typescript: boolean
  /** The lines that import the database and the tables. */
  imports: readonly string[]
  /** The call that makes the adapter, such as `LazyAdapter(db)`. */
  adapter: string
  providers: readonly string[]
  /** Whether the app has no table of sessions. */
  jwt: boolean
}

/** Writes the module with the configuration, as the examples have it. */
export function authModule({ framework, typescript, imports, adapter, providers, jwt }: AuthParts): string {
  const isNext = framework === "next"
  const declares = framework === "sveltekit" && typescript
  const lines = sortImports([
    importLine(
      ["LazyProvider", ...(declares ? ["type SessionUser"] : []), ...(isNext ? [] : ["withLazy"])],
      "authjs-lazy",
    ),
    importLine(["LazyAdapter"], "authjs-lazy/drizzle"),
    importLine(["ConvertProvider", "PasswordProvider"], "authjs-lazy/password"),
    ...(isNext
      ? [importLine(["allowLazy", "requireReal", "withLazy"], "authjs-lazy/next"), 'import NextAuth from "next-auth"']
      : []),
    ...imports,
  ])
  return [
    ...lines,
    "",
    ...(declares ? SESSION : []),
    "export const authConfig = withLazy({",
    `  adapter: ${adapter},`,
    ...providersLines(providers),
    ...(jwt ? ['  session: { strategy: "jwt" },'] : []),
    ...(framework === "sveltekit" ? TRUST_HOST : []),
    "})",
    ...(isNext ? NEXT : []),
    "",
  ].join("\n")
}

/** Writes the providers in one line, or one a line where an address has to be made. */
function providersLines(providers: readonly string[]): string[] {
  const line = `  providers: [${providers.join(", ")}],`
  return line.length <= 100 ? [line] : ["  providers: [", ...providers.map((each) => `    ${each},`), "  ],"]
}

/** The gates type the session themselves; SvelteKit's own `event.locals.auth()` can't know it. */
const SESSION = [
  "// So that `event.locals.auth()` knows `isLazy` and `username`.",
  'declare module "@auth/core/types" {',
  "  interface Session {",
  "    user: SessionUser",
  "  }",
  "}",
  "",
]

/** What a Next.js app has behind its configuration. */
const NEXT = [
  "",
  "export const { handlers, signIn, signOut, auth } = NextAuth(authConfig)",
  "",
  "/** For everyone: a visitor who isn't signed in becomes a lazy user. */",
  "export const lazy = allowLazy(authConfig)",
  "",
  "/** For people with an account; lazy users are sent to where they make one. */",
  'export const real = requireReal(authConfig, { redirectTo: "/convert" })',
]

const TRUST_HOST = [
  "  // SvelteKit knows its address by ORIGIN; without this @auth/sveltekit believes it in development alone.",
  "  trustHost: true,",
]
