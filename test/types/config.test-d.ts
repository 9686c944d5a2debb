import type { AuthConfig } from "@auth/core"
import GitHub from "@auth/core/providers/github"
import Nodemailer from "@auth/core/providers/nodemailer"
import type { RequestHandler } from "express"
import { expectTypeOf } from "vitest"
import { type Database, LazyAdapter } from "../../src/drizzle.js"
import { expressAuth } from "../../src/express.js"
import { type GateResult, gate, type LazyAuth, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"

// Checked by `npm run types`: what withLazy takes, and what takes that which it returns.

declare const db: Database
const adapter = LazyAdapter(db)

const auth = withLazy({
  adapter,
  providers: [
    LazyProvider({
      generateName: () => "guest-1",
      generateEmail: ({ id, username }) => `${id}.${username}@lazy.invalid`,
    }),
    PasswordProvider({ hash: { memoryCost: 19456 } }),
    ConvertProvider({
      identifier: "email",
      validate: ({ email }) => {
        expectTypeOf(email).toEqualTypeOf<string | undefined>()
      },
    }),
    GitHub,
    GitHub({ allowDangerousEmailAccountLinking: true }),
    Nodemailer({ server: "smtp://127.0.0.1" }),
  ],
  session: { strategy: "jwt", maxAge: 60 },
  lazy: {
    enabled: (request) => new URL(request.url).pathname !== "/",
    recheck: 60,
    onConvert: async ({ from, user, tx }) => {
      expectTypeOf(from.id).toEqualTypeOf<string>()
      expectTypeOf(user.email).toEqualTypeOf<string | null>()
      await tx.execute("select 1")
    },
  },
  events: {
    signIn: ({ user }) => void user.id,
    createLazyUser: ({ user, request }) => {
      expectTypeOf(user.username).toEqualTypeOf<string | null>()
      expectTypeOf(request).toEqualTypeOf<{ method: string; headers: Headers; address: string | null }>()
    },
    convertUser: ({ user, by, request }) =>
      expectTypeOf([user.id, by.provider, request.method]).toEqualTypeOf<string[]>(),
    mergeUser: ({ from, into, request }) => expectTypeOf([from.id, into.id, request.method]).toEqualTypeOf<string[]>(),
  },
  callbacks: {
    session: ({ session }) => {
      expectTypeOf(session.user.isLazy).toEqualTypeOf<boolean | undefined>()
      return session
    },
  },
})

// @ts-expect-error: an adapter without `lazy` makes no lazy users
withLazy({ adapter: { ...adapter, lazy: undefined }, providers: [] })
// @ts-expect-error: people are known by one of two things
ConvertProvider({ identifier: "phone" })
// @ts-expect-error: there is no such strategy
withLazy({ adapter, providers: [], session: { strategy: "cookie" } })

// What the integrations of Auth.js take, as their declarations say.

/** https://github.com/nextauthjs/next-auth/blob/main/packages/next-auth/src/index.tsx */
type NextAuthArgument = AuthConfig | ((request: Request | undefined) => AuthConfig | Promise<AuthConfig>)
// As @auth/sveltekit calls it:
// https://github.com/nextauthjs/next-auth/blob/main/packages/frameworks-sveltekit/src/lib/index.ts
type SvelteKitArgument =
  | AuthConfig
  | ((event: { request: Request; getClientAddress: () => string; url: URL }) => PromiseLike<AuthConfig>)
/** https://github.com/honojs/middleware/blob/main/packages/auth-js/src/index.ts */
type HonoArgument = (context: { req: { raw: Request; url: string } }) => AuthConfig | Promise<AuthConfig>

expectTypeOf(auth).toEqualTypeOf<LazyAuth>()
expectTypeOf(auth).toExtend<NextAuthArgument>()
expectTypeOf(async (event: { request: Request; getClientAddress: () => string; url: URL }) =>
  auth(event),
).toExtend<SvelteKitArgument>()
expectTypeOf(auth).toExtend<HonoArgument>()
expectTypeOf(auth()).toEqualTypeOf<AuthConfig>()

expectTypeOf(expressAuth(auth)).toEqualTypeOf<RequestHandler>()

declare const result: GateResult
if (result.open) expectTypeOf(result.cookie).toEqualTypeOf<string>()
else expectTypeOf(result.status).toEqualTypeOf<303 | 307 | 401 | 403 | 429 | 503>()
if (result.open && result.session) expectTypeOf(result.session.user.isLazy).toEqualTypeOf<boolean>()
expectTypeOf(gate(new Request("http://app.test"), auth, { require: "real", redirectTo: "/join" })).toEqualTypeOf<
  Promise<GateResult>
>()
