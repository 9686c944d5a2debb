import type { Tables } from "../database/databases.js"
import type { RequestShape } from "../load/load.js"
import { secret } from "../servers/secret.js"
import type { ServerScript } from "./server-process.js"

/** Something that is asked of one server. */
export interface Scenario {
  /** Its heading in tables; the same for the same thing asked of different servers. */
  group: "floor" | "public page" | "sign-in" | "session read"
  server: ServerScript
  tables: Tables
  /** What is measured. */
  request: RequestShape
  /**
   * `strangers` and `forms` (each with a CSRF token) write what `writes` says for every answer.
   * `visitors` have a session and write nothing.
   */
  from: "strangers" | "forms" | "visitors"
  writes: { users: 0 | 1; sessions: 0 | 1 }
  /**
   * How a visitor of `visitors` gets a session before the measurement: by a request that signs in,
   * or by rows written directly.
   */
  signIn?: { request: RequestShape; from: "strangers" | "forms" } | "rows"
  /**
   * The path that reads a session, to check the sessions from the measurement; undefined if there
   * are none.
   */
  session?: RequestShape
}

/** The headers that a browser sends when it opens a page. */
const browser = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language": "en",
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
}

const page: RequestShape = { method: "GET", path: "/", headers: browser }
const publicPage: RequestShape = { method: "GET", path: "/public", headers: browser }
const readSession: RequestShape = { method: "GET", path: "/auth/session", headers: browser }
const readBetterAuth: RequestShape = { method: "GET", path: "/api/auth/get-session", headers: browser }
const form = (provider: string): RequestShape => ({
  method: "POST",
  path: `/auth/callback/${provider}`,
  headers: { ...browser, "content-type": "application/x-www-form-urlencoded" },
  body: "callbackUrl=%2F",
})
const betterAuthSignIn: RequestShape = {
  method: "POST",
  path: "/api/auth/sign-in/anonymous",
  headers: { ...browser, "content-type": "application/json" },
  body: "{}",
}

const floor = { server: { file: "floor.ts" }, tables: "Auth.js", group: "floor" } as const
const floorRead = { method: "GET", path: "/select", headers: browser } as const
const floorRequest = (path: string): RequestShape => ({ method: "GET", path, headers: browser })
const lazyDatabase = { server: { file: "lazy.ts", args: ["database"] }, tables: "Auth.js" } as const
const lazyJwt = { server: { file: "lazy.ts", args: ["jwt"] }, tables: "Auth.js" } as const
const authJs = { server: { file: "auth-js.ts" }, tables: "Auth.js" } as const
const builtIn = { server: { file: "better-auth-built-in.ts" }, tables: "better-auth" } as const
const withDrizzle = { server: { file: "better-auth-drizzle.ts" }, tables: "better-auth" } as const

const nothing = { users: 0, sessions: 0 } as const
const user = { users: 1, sessions: 0 } as const
const userAndSession = { users: 1, sessions: 1 } as const

const scenarios = {
  "node:http": { ...floor, request: floorRequest("/nothing"), from: "strangers", writes: nothing },
  "node:http, one INSERT": { ...floor, request: floorRequest("/insert"), from: "strangers", writes: user },
  "node:http, user and session in one statement": {
    ...floor,
    request: floorRequest("/insert-both"),
    from: "strangers",
    writes: userAndSession,
    session: floorRead,
  },
  "node:http, one SELECT": { ...floor, request: floorRead, from: "visitors", signIn: "rows", writes: nothing },

  "write gate, first GET, database": {
    ...lazyDatabase,
    group: "public page",
    request: publicPage,
    from: "strangers",
    writes: nothing,
  },
  "write gate, first GET, JWT": {
    ...lazyJwt,
    group: "public page",
    request: publicPage,
    from: "strangers",
    writes: nothing,
  },

  "gate, first visit, database": {
    ...lazyDatabase,
    group: "sign-in",
    request: page,
    from: "strangers",
    writes: userAndSession,
    session: readSession,
  },
  "gate, first visit, JWT": {
    ...lazyJwt,
    group: "sign-in",
    request: page,
    from: "strangers",
    writes: user,
    session: readSession,
  },
  "POST sign-in, database": {
    ...lazyDatabase,
    group: "sign-in",
    request: form("lazy"),
    from: "forms",
    writes: userAndSession,
    session: readSession,
  },
  "POST sign-in, JWT": {
    ...lazyJwt,
    group: "sign-in",
    request: form("lazy"),
    from: "forms",
    writes: user,
    session: readSession,
  },
  "Auth.js, credentials sign-in, JWT": {
    ...authJs,
    group: "sign-in",
    request: form("credentials"),
    from: "forms",
    writes: user,
    session: readSession,
  },
  "better-auth, sign-in": {
    ...builtIn,
    group: "sign-in",
    request: betterAuthSignIn,
    from: "strangers",
    writes: userAndSession,
    session: readBetterAuth,
  },
  "better-auth with Drizzle, sign-in": {
    ...withDrizzle,
    group: "sign-in",
    request: betterAuthSignIn,
    from: "strangers",
    writes: userAndSession,
    session: readBetterAuth,
  },

  "gate, returning visitor, database": {
    ...lazyDatabase,
    group: "session read",
    request: page,
    from: "visitors",
    signIn: { request: page, from: "strangers" },
    writes: nothing,
  },
  "gate, returning visitor, JWT": {
    ...lazyJwt,
    group: "session read",
    request: page,
    from: "visitors",
    signIn: { request: page, from: "strangers" },
    writes: nothing,
  },
  "Auth.js, session read, database": {
    server: { file: "auth-js-database.ts" },
    tables: "Auth.js",
    group: "session read",
    request: readSession,
    from: "visitors",
    signIn: "rows",
    writes: nothing,
  },
  "Auth.js, session read, JWT": {
    ...authJs,
    group: "session read",
    request: readSession,
    from: "visitors",
    signIn: { request: form("credentials"), from: "forms" },
    writes: nothing,
  },
  "better-auth, session read": {
    ...builtIn,
    group: "session read",
    request: readBetterAuth,
    from: "visitors",
    signIn: { request: betterAuthSignIn, from: "strangers" },
    writes: nothing,
  },
  "better-auth with Drizzle, session read": {
    ...withDrizzle,
    group: "session read",
    request: readBetterAuth,
    from: "visitors",
    signIn: { request: betterAuthSignIn, from: "strangers" },
    writes: nothing,
  },
} satisfies Record<string, Scenario>

/** Everything that is measured over HTTP, by name. */
export type ScenarioName = keyof typeof scenarios

/** All names, in the order of the tables. */
export const scenarioNames = Object.keys(scenarios) as ScenarioName[]

/** What a name stands for. */
export function scenarioOf(name: ScenarioName): Scenario {
  return scenarios[name]
}

/** The requests of a scenario whose visitors nobody knows. */
export function unknownVisitors({ request, from }: Pick<Scenario, "request" | "from">) {
  return from === "forms" ? { kind: "forms" as const, request, secret } : { kind: "strangers" as const, request }
}
