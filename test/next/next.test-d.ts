import type { NextFetchEvent, NextProxy, NextRequest } from "next/server.js"
import NextAuth, { type Session } from "next-auth"
import type { useSession } from "next-auth/react"
import { expectTypeOf } from "vitest"
import type { LazyAuth } from "../../src/index.js"
import { allowLazy, optionalSession, requireLazy, requireReal } from "../../src/next.js"

// `npm run types` checks the types that an app gets without a cast. The example has its own build.

declare const authConfig: LazyAuth

const { auth } = NextAuth(authConfig)
const lazy = allowLazy(authConfig, { on: "visit" })
const real = requireReal(authConfig, { redirectTo: "/convert" })
const optional = optionalSession(authConfig)

expectTypeOf<Session["user"]["isLazy"]>().toEqualTypeOf<boolean>()
expectTypeOf<NonNullable<ReturnType<typeof useSession>["data"]>["user"]["isLazy"]>().toEqualTypeOf<boolean>()
expectTypeOf(auth).toBeFunction()

// As a proxy, with or without an app's own.
for (const gate of [lazy, requireLazy(authConfig), real, optional]) expectTypeOf(gate.proxy).toExtend<NextProxy>()
export const proxy: NextProxy = (request: NextRequest, event: NextFetchEvent) =>
  lazy.proxy(request, event, (request, event) => {
    expectTypeOf(request.auth).toEqualTypeOf<Session | null>()
    expectTypeOf(request).toExtend<NextRequest>()
    event.waitUntil(Promise.resolve())
    return undefined
  })

// As the wrapper of a route handler.
type Context = { params: Promise<{ id: string }> }
const GET = real.route(async (request, { params }: Context) => Response.json([request.auth.user.id, (await params).id]))
expectTypeOf(GET).toExtend<(request: NextRequest, context: Context) => Promise<Response>>()
optional.route((request) => {
  expectTypeOf(request.auth).toEqualTypeOf<Session | null>()
  return new Response()
})

// In a server component, or a server action.
expectTypeOf(lazy.session()).resolves.toEqualTypeOf<Session | null>()
expectTypeOf(optional.session()).resolves.toEqualTypeOf<Session | null>()
expectTypeOf(real.session({ callbackUrl: "/settings" })).resolves.toEqualTypeOf<Session>()

// @ts-expect-error: a gate is no function
lazy()
// @ts-expect-error: options are an object
requireReal(authConfig, "/convert")
// @ts-expect-error: nobody is let through without being asked for
requireReal()
