import express, { type Request, type RequestHandler, type Response, Router, urlencoded } from "express"
import { type Context, Hono, type MiddlewareHandler } from "hono"
import { expectTypeOf } from "vitest"
import * as inExpress from "../../src/express.js"
import * as inHono from "../../src/hono.js"
import { type GateOpen, type GateRefused, type GateSession, gate, type LazyAuth } from "../../src/index.js"
import * as inSvelteKit from "../../src/sveltekit.js"

// `npm run types` checks what handlers know of the session behind each gate, and the gates'
// options.

declare const authConfig: LazyAuth
declare const page: RequestHandler

// Express.
{
  const { allowLazy, optionalSession, requireLazy, requireReal } = inExpress
  const lazy = allowLazy(authConfig, { on: "write", csrfCookie: false })
  const real = requireReal(authConfig, { redirectTo: "/convert" })
  const app = express()

  app.get("/notes/:id", real, (req, res) => {
    expectTypeOf(res.locals.session).toEqualTypeOf<GateSession>()
    expectTypeOf(req.params).toEqualTypeOf<{ id: string }>()
    res.json(res.locals.session.user.username)
  })
  app.post("/notes", requireLazy(authConfig), urlencoded(), async (req, res) => {
    expectTypeOf(res.locals.session.user.isLazy).toEqualTypeOf<boolean>()
    res.locals.own = req.body.text
    res.redirect(303, "/")
  })
  for (const gate of [lazy, optionalSession(authConfig)])
    app.get("/", gate, (_req, res) => {
      expectTypeOf(res.locals.session).toEqualTypeOf<GateSession | null>()
      // @ts-expect-error: nobody may be signed in
      res.locals.session.user
    })
  app.get("/both", lazy, real, (_req, res) => void res.send(res.locals.session.user.id))
  app.use("/settings", real, (_req, res) => void res.send(res.locals.session.user.id))
  app.get(["/a", "/b"], real, (_req, res) => void res.send(res.locals.session.user.id))

  // Where Express is asked for a handler without more, a gate is one.
  expectTypeOf(real).toExtend<RequestHandler>()
  expectTypeOf(lazy).toExtend<RequestHandler>()
  app.use(lazy).get("/page", real, page)
  app.get(
    "/typed",
    real,
    (_req: Request<{ id: string }>, res: Response<{ ok: boolean }>) => void res.json({ ok: true }),
  )
  const chain: RequestHandler[] = [lazy, urlencoded(), real]
  Router().post("/chain", chain, page).get("/list", [real], page).all("/all", lazy, chain, page)
}

// Hono.
{
  const { allowLazy, optionalSession, requireLazy, requireReal } = inHono
  const lazy = allowLazy(authConfig, { on: "write", csrfCookie: false })
  const real = requireReal(authConfig, { redirectTo: "/convert" })
  const app = new Hono<{ Bindings: { KEY: string }; Variables: { theme: string } }>()

  app.get("/notes/:id", real, (c) => {
    expectTypeOf(c.get("session")).toEqualTypeOf<GateSession>()
    expectTypeOf(c.var.session.user.id).toEqualTypeOf<string>()
    expectTypeOf(c.get("theme")).toEqualTypeOf<string>()
    expectTypeOf(c.req.param("id")).toEqualTypeOf<string>()
    return c.text(c.env.KEY)
  })
  for (const gate of [lazy, optionalSession(authConfig)])
    app.get("/", gate, (c) => {
      expectTypeOf(c.get("session")).toEqualTypeOf<GateSession | null>()
      // @ts-expect-error: nobody may be signed in
      c.get("session").user
      return c.text("")
    })
  app.get("/both", lazy, requireLazy(authConfig), (c) => c.text(c.get("session").user.id))
  new Hono().use("*", real).get("/", (c) => c.text(c.get("session").user.id))
  app.use("*", lazy).get("/page", async (c: Context) => c.json(c.get("session")))
  expectTypeOf(real).toExtend<MiddlewareHandler>()
}

// `gate` itself.
{
  const result = await gate(new globalThis.Request("http://app.test"), authConfig, { create: false })
  expectTypeOf(result).toEqualTypeOf<GateOpen | GateRefused>()
  expectTypeOf(result.apply(globalThis.Response.json({}))).toEqualTypeOf<globalThis.Response>()
  if (!result.open) expectTypeOf(result.apply()).toEqualTypeOf<globalThis.Response>()
  // @ts-expect-error: an open gate has no answer of its own
  else result.apply()
}

for (const { allowLazy, optionalSession, requireLazy, requireReal } of [inExpress, inHono, inSvelteKit]) {
  // @ts-expect-error: options are an object
  requireReal(authConfig, "/convert")
  // @ts-expect-error: options are an object
  requireLazy(authConfig, "/convert")
  // @ts-expect-error: a gate that lets everybody pass sends nobody away
  allowLazy(authConfig, { redirectTo: "/convert" })
  // @ts-expect-error: there is nothing to choose
  optionalSession(authConfig, { redirectTo: "/convert" })
}
