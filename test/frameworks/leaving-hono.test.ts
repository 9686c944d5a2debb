import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createAdaptorServer } from "@hono/node-server"
import { type Handler, Hono } from "hono"
import { deleteCookie, setCookie } from "hono/cookie"
import { HTTPException } from "hono/http-exception"
import { stream } from "hono/streaming"
import { allowLazy } from "../../src/hono.js"
import { type LazyConfig, withLazy } from "../../src/index.js"
import { describeLeaving } from "../contract/leaving.js"

const handlers: Record<string, Handler> = {
  redirect: (c) => c.redirect("/"),
  immutable: () => Response.redirect("http://localhost/"),
  exception: () => {
    throw new HTTPException(403, { message: "not yours" })
  },
  exceptionAnswer: () => {
    throw new HTTPException(401, {
      res: new Response("who?", { status: 401, headers: { "www-authenticate": "Basic" } }),
    })
  },
  error: () => {
    throw new Error("expected by the test")
  },
  thrown: () => {
    throw new Response("thrown", { status: 409 })
  },
  notFound: (c) => c.notFound(),
  stream: (c) =>
    stream(c, async (out) => {
      await out.write("one")
      await out.write("two")
    }),
  raw: () => new Response("raw", { headers: { "set-cookie": "theme=dark", "cache-control": "public, max-age=60" } }),
  cookie: (c) => {
    setCookie(c, "theme", "dark")
    return c.text("x")
  },
  signOut: (c) => {
    deleteCookie(c, "authjs.session-token", { path: "/" })
    return c.text("bye")
  },
  empty: (c) => c.body(null, 204),
}

async function start(config: LazyConfig) {
  const auth = withLazy(config)
  const app = new Hono()
  app.get("/", allowLazy(auth), (c) => c.json({ session: c.get("session") }))
  for (const [name, handler] of Object.entries(handlers)) app.all(`/${name}`, allowLazy(auth), handler)
  const inner = new Hono().get("/error", () => {
    throw new Error("expected by the test")
  })
  app.use("/inner/*", allowLazy(auth))
  app.route(
    "/inner",
    inner.onError((_error, c) => c.text("inner", 502)),
  )
  app.use("/mounted/*", allowLazy(auth))
  app.mount("/mounted", () => Response.redirect("http://localhost/", 303))
  app.use("/nowhere", allowLazy(auth))
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("outer", 500)))
  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

describeLeaving("Hono", start, {
  "a redirect": { path: "/redirect", status: 302, location: "/" },
  "a redirect after a form": { path: "/redirect", status: 302, method: "POST" },
  "a redirect whose headers can't be changed": { path: "/immutable", status: 302, location: "/" },
  "an HTTPException": { path: "/exception", status: 403, body: "not yours" },
  "an HTTPException with an answer": { path: "/exceptionAnswer", status: 401, body: "who?" },
  "an error": { path: "/error", status: 500, body: "outer" },
  "an error for the handler of a part of the app": { path: "/inner/error", status: 502, body: "inner" },
  "an answer that is thrown": { path: "/thrown", status: 409, body: "thrown" },
  "notFound()": { path: "/notFound", status: 404 },
  "no handler after it": { path: "/nowhere", status: 404 },
  "an app of another kind": { path: "/mounted/x", status: 303 },
  "a stream": { path: "/stream", status: 200, body: "onetwo" },
  "an answer of its own, for shared caches": { path: "/raw", status: 200, body: "raw" },
  "a cookie beside it": { path: "/cookie", status: 200 },
  "a sign-out": { path: "/signOut", status: 200, signsOut: true },
  "an empty answer": { path: "/empty", status: 204 },
})
