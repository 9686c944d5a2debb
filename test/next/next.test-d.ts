import type { NextFetchEvent, NextProxy, NextRequest } from "next/server.js"
import NextAuth, { type Session } from "next-auth"
import type { useSession } from "next-auth/react"
import { expectTypeOf } from "vitest"
import type { LazyAuth } from "../../src/index.js"
import { allowLazy, requireLazy, requireReal } from "../../src/next.js"

// Checked by `npm run types`: what an app sees, without a cast. The example is checked by its own build.

declare const auth: LazyAuth

const { auth: session } = NextAuth(auth)
const lazy = allowLazy(auth)
const real = requireReal(auth, "/convert")

expectTypeOf<Session["user"]["isLazy"]>().toEqualTypeOf<boolean>()
expectTypeOf<NonNullable<ReturnType<typeof useSession>["data"]>["user"]["isLazy"]>().toEqualTypeOf<boolean>()
expectTypeOf(session).toBeFunction()

// As a proxy, with or without an app's own.
expectTypeOf(lazy).toExtend<NextProxy>()
expectTypeOf(requireLazy(auth)).toExtend<NextProxy>()
lazy((request, event: NextFetchEvent) => {
  expectTypeOf(request.auth).toEqualTypeOf<Session | null>()
  expectTypeOf(request).toExtend<NextRequest>()
  event.waitUntil(Promise.resolve())
  return undefined
})

// As the wrapper of a route handler.
type Context = { params: Promise<{ id: string }> }
const GET = real(async (request, { params }: Context) => Response.json([request.auth.user.id, (await params).id]))
expectTypeOf(GET).toExtend<(request: NextRequest, context: Context) => Promise<Response>>()

// As a guard.
expectTypeOf(lazy()).resolves.toEqualTypeOf<Session | null>()
expectTypeOf(real({ callbackUrl: "/settings" })).resolves.toEqualTypeOf<Session>()

// @ts-expect-error: nobody is let through without being asked for
requireReal()
