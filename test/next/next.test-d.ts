import type { NextFetchEvent, NextProxy, NextRequest } from "next/server.js"
import NextAuth from "next-auth"
import type { useSession } from "next-auth/react"
import { useActionState } from "react"
import { expectTypeOf } from "vitest"
import type { LazyAuth } from "../../src/index.js"
import { convertStrings, messageFor, type SignInResult, signInResult } from "../../src/next/actions.js"
import { allowLazy, type GateSession, optionalSession, requireLazy, requireReal } from "../../src/next.js"
import { type LazyState, useLazy } from "../../src/react.js"

// `npm run types` checks the types that an app gets without a cast. The example has its own build.

declare const authConfig: LazyAuth

const { auth } = NextAuth(authConfig)
const lazy = allowLazy(authConfig, { on: "visit" })
const real = requireReal(authConfig, { redirectTo: "/convert" })
const optional = optionalSession(authConfig)

type Used = NonNullable<NonNullable<ReturnType<typeof useSession>["data"]>["user"]>
expectTypeOf<Used["isLazy"]>().toEqualTypeOf<boolean | undefined>()
expectTypeOf(auth).toBeFunction()

// As a proxy, with or without an app's own.
for (const gate of [lazy, requireLazy(authConfig), real, optional]) expectTypeOf(gate.proxy).toExtend<NextProxy>()
export const proxy: NextProxy = (request: NextRequest, event: NextFetchEvent) =>
  lazy.proxy(request, event, (request, event) => {
    expectTypeOf(request.auth).toEqualTypeOf<GateSession | null>()
    expectTypeOf(request).toExtend<NextRequest>()
    event.waitUntil(Promise.resolve())
    return undefined
  })

// As the wrapper of a route handler.
type Context = { params: Promise<{ id: string }> }
const GET = real.route(async (request, { params }: Context) => Response.json([request.auth.user.id, (await params).id]))
expectTypeOf(GET).toExtend<(request: NextRequest, context: Context) => Promise<Response>>()
optional.route((request) => {
  expectTypeOf(request.auth).toEqualTypeOf<GateSession | null>()
  return new Response()
})

// In a server component, or a server action.
expectTypeOf(lazy.session()).resolves.toEqualTypeOf<GateSession | null>()
expectTypeOf(optional.session()).resolves.toEqualTypeOf<GateSession | null>()
expectTypeOf(real.session({ callbackUrl: "/settings" })).resolves.toEqualTypeOf<GateSession>()

// @ts-expect-error: a gate is no function
lazy()
// @ts-expect-error: options are an object
requireReal(authConfig, "/convert")
// @ts-expect-error: nobody is let through without being asked for
requireReal()

// What a sign-in in a server action returns, as the state of `useActionState`.
const convert = async (_previous: SignInResult | null, form: FormData) =>
  signInResult(authConfig, "convert", form, {
    redirectTo: "/",
    redirect: false,
    strings: { errors: { mine: "Mine." } },
  })
const [result] = useActionState(convert, null)
expectTypeOf(result).toEqualTypeOf<SignInResult | null>()
if (result && !result.ok) {
  expectTypeOf(result.message).toEqualTypeOf<string>()
  expectTypeOf<"username_taken">().toExtend<typeof result.code>()
  expectTypeOf(messageFor(convertStrings({ lang: "de" }), result.code)).toEqualTypeOf<string>()
  // @ts-expect-error: a text of the convert page, spelt wrongly
  convertStrings({ passwordLable: "Passwort" })
}
// @ts-expect-error: a refusal alone has a message
result?.message
signInResult(authConfig, "github")
signInResult(authConfig, "password", { username: "ada", password: "…" })
// @ts-expect-error: `signIn` of next-auth is not the configuration
signInResult(NextAuth(authConfig).signIn, "github")

// In a client component.
expectTypeOf(useLazy()).toEqualTypeOf<LazyState>()
expectTypeOf(useLazy({ convertPage: "/account" }).username).toEqualTypeOf<string | null>()
