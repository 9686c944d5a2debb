import { beforeAll, describe, expect, it, vi } from "vitest"
import * as express from "../../src/express.js"
import * as hono from "../../src/hono.js"
import { gate, type LazyAuth, LazySetupError, withLazy } from "../../src/index.js"
import * as next from "../../src/next.js"
import * as sveltekit from "../../src/sveltekit.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

type Gate = (...given: unknown[]) => unknown
type GateName = "allowLazy" | "requireLazy" | "requireReal" | "optionalSession"

const app = new FlowApp("database")
let authConfig: LazyAuth

beforeAll(async () => {
  app.database = await postgresDatabase()
  authConfig = withLazy(app.config)
  return () => app.database.close()
})

describe.each(Object.entries({ express, hono, next, sveltekit }))("the gates of authjs-lazy/%s", (_, module) => {
  const make = (name: GateName, ...given: unknown[]) => (module[name] as Gate)(...given)

  it("take their options as an object", () => {
    const options: [GateName, object?][] = [
      ["allowLazy", undefined],
      ["allowLazy", {}],
      ["allowLazy", { on: "visit" }],
      ["allowLazy", { on: "write", csrfCookie: false }],
      ["requireLazy", { redirectTo: "/notes" }],
      ["requireReal", { redirectTo: undefined }],
      ["optionalSession", undefined],
    ]
    for (const [name, given] of options) expect(() => make(name, authConfig, given)).not.toThrow()
  })

  it.each(["requireLazy", "requireReal"] as const)("say what to write for the path that %s took before", (name) => {
    expect(() => make(name, authConfig, "/convert")).toThrow(LazySetupError)
    expect(() => make(name, authConfig, "/convert")).toThrow(`${name}(authConfig, { redirectTo: "/convert" })`)
  })

  it.each<[GateName, unknown, string]>([
    ["requireReal", { redirectto: "/convert" }, "requireReal has no option `redirectto`; it has `redirectTo`."],
    ["requireReal", { redirectTo: new URL("http://app.test/convert") }, "`redirectTo` must not be an object"],
    ["requireReal", null, 'requireReal(authConfig, { redirectTo: "/convert" })'],
    ["allowLazy", { redirectTo: "/convert" }, "allowLazy has no option `redirectTo`; it has `on`, `csrfCookie`."],
    ["allowLazy", { on: "POST" }, '`on` must not be "POST"; it takes "visit" or "write".'],
    ["allowLazy", { csrfCookie: false }, 'Write { on: "write", csrfCookie: false }.'],
    ["allowLazy", "/convert", "Write allowLazy(authConfig)."],
    ["allowLazy", { constructor: 1 }, "allowLazy has no option `constructor`"],
  ])("refuse other options when they are made: %s(authConfig, %j)", (name, options, message) => {
    expect(() => make(name, authConfig, options)).toThrow(LazySetupError)
    expect(() => make(name, authConfig, options)).toThrow(message)
  })

  it.each(["allowLazy", "requireLazy", "requireReal", "optionalSession"] as const)(
    "say what %s takes where it is given no function",
    (name) => {
      for (const given of [undefined, app.config, { redirectTo: "/convert" }])
        expect(() => make(name, given)).toThrow(
          `${name} needs the function that withLazy returned. Write ${name}(authConfig).`,
        )
    },
  )
})

describe("gate", () => {
  const visit = new Request("http://app.test/")

  it.each([
    [{ requires: "real" }, "gate has no option `requires`"],
    [{ require: "Real" }, '`require` must not be "Real"; it takes "lazy" or "real".'],
    [{ create: "no" }, '`create` must not be "no"; it takes true or false.'],
    [{ on: true }, '`on` must not be a boolean; it takes "visit" or "write".'],
    ["real", "gate takes its options as an object."],
  ])("refuses options that would open it to others: %j", async (options, message) => {
    await expect(gate(visit, authConfig, options as never)).rejects.toThrow(message)
  })

  it("says what it takes where it is given the `auth` of next-auth", async () => {
    const rejected = vi.fn()
    process.on("unhandledRejection", rejected)
    try {
      const auth = (async () => {
        throw new Error("outside of a request")
      }) as unknown as LazyAuth
      await expect(gate(visit, auth)).rejects.toThrow(
        "The gate needs the function that withLazy returned, not `auth` of next-auth",
      )
      await new Promise((resolve) => setImmediate(resolve))
      expect(rejected).not.toHaveBeenCalled()
    } finally {
      process.off("unhandledRejection", rejected)
    }
  })
})

describe("a gate of Next that is called as it was before", () => {
  const gates = () =>
    Object.entries({
      lazy: next.allowLazy(authConfig),
      onlyLazy: next.requireLazy(authConfig),
      real: next.requireReal(authConfig),
      optional: next.optionalSession(authConfig),
    }) as unknown as [string, Gate & { proxy: Gate }][]

  it("says what to write", () => {
    for (const [, called] of gates())
      for (const given of [[], [visitOf()], [() => new Response()], [{ callbackUrl: "/" }]]) {
        expect(() => called(...given)).toThrow(LazySetupError)
        expect(() => called(...given)).toThrow(
          /`export const proxy = lazy\.proxy`.*lazy\.route\(handler\).*`await lazy\.session\(\)`/,
        )
      }
  })

  it("says how a proxy of the app's own is written", async () => {
    for (const [, { proxy }] of gates())
      await expect(proxy(() => new Response())).rejects.toThrow("lazy.proxy(request, event, handler)")
  })

  const visitOf = () => new Request("http://app.test/")
})
