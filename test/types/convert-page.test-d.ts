import type { RequestEvent } from "@sveltejs/kit"
import type { Context } from "hono"
import { expectTypeOf, it } from "vitest"
import type { ConvertPage } from "../../src/pages.js"

declare const page: ConvertPage

it("is a handler of requests, by itself", () => {
  expectTypeOf(page).toExtend<(request: Request) => Promise<Response>>()
})

it("is a route handler to both checks of Next, of which the older one looks at what the second argument is", () => {
  type Second<Handler> = Handler extends (...args: [never, infer Argument]) => unknown ? Argument : never
  expectTypeOf<Second<ConvertPage>>().toBeUnknown()
  expectTypeOf(page).toExtend<(request: Request, context: { params: Promise<object> }) => Promise<Response>>()
})

it("takes a context of Hono, an event of SvelteKit, and a function for the address", () => {
  expectTypeOf(page).toBeCallableWith(new Request(""), {} as Context)
  expectTypeOf(page).toBeCallableWith(new Request(""), {} as RequestEvent)
  expectTypeOf(page).toBeCallableWith(new Request(""), { getClientAddress: () => "192.0.2.1" })
})
