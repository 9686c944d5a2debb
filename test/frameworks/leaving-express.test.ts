import { request as ask, createServer, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import express, { type RequestHandler } from "express"
import { afterAll, beforeAll } from "vitest"
import { allowLazy } from "../../src/express.js"
import { type LazyConfig, withLazy } from "../../src/index.js"
import { describeLeaving } from "../contract/leaving.js"

const express4: typeof express = createRequire(import.meta.url)("express4")
const file = fileURLToPath(new URL("express-app.ts", import.meta.url))
const COOKIE = "authjs.session-token"

/** Another server of the app's, whose answers a handler passes on. */
let upstream: Server
beforeAll(async () => {
  upstream = createServer((_req, res) => {
    res
      .writeHead(200, { "set-cookie": ["theirs=1", "more=2"], "cache-control": "public, max-age=60" })
      .end("from behind")
  })
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve))
})
afterAll(() => void upstream.close())

const failing = new Error("expected by the test")

const handlers: Record<string, RequestHandler> = {
  redirect: (_req, res) => res.redirect("/"),
  sendFile: (_req, res) => res.sendFile(file),
  missingFile: (_req, res) => res.sendFile(`${file}.missing`),
  json: (_req, res) => void res.set("cache-control", "public, max-age=60").json({ a: 1 }),
  error: (_req, _res, next) => next(failing),
  status: (_req, res) => void res.sendStatus(404),
  nothing: (_req, _res, next) => next(),
  early: (_req, res) => void res.end(),
  head: (_req, res) => void res.writeHead(201, { "content-type": "text/plain" }).end("made"),
  headCookie: (_req, res) => void res.writeHead(200, "Fine", { "Set-Cookie": "theme=dark", vary: "Accept" }).end("x"),
  headCookies: (_req, res) => void res.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end("x"),
  headPairs: (_req, res) => void res.writeHead(200, ["set-cookie", "a=1", "set-cookie", "b=2", "x-own", "1"]).end("x"),
  setHeader: (_req, res) => void res.setHeader("set-cookie", "theme=dark").end("x"),
  removed: (_req, res) => {
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.end("x")
  },
  cookie: (_req, res) => void res.cookie("theme", "dark").send("x"),
  signOut: (_req, res) => void res.clearCookie(COOKIE, { path: "/" }).send("bye"),
  stream: (_req, res) => void Readable.from(["one", "two"]).pipe(res),
  flushed: (_req, res) => {
    res.flushHeaders()
    res.end("late")
  },
  proxied: (_req, res, next) => {
    const { port } = upstream.address() as AddressInfo
    ask({ host: "127.0.0.1", port }, (answer) => {
      for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) res.setHeader(name, value)
      answer.pipe(res)
    })
      .on("error", next)
      .end()
  },
}

function start(make: typeof express) {
  return async (config: LazyConfig) => {
    const auth = withLazy(config)
    const app = make()
    app.set("env", "test")
    app.get("/", allowLazy(auth), (_req, res) => void res.json({ session: res.locals.session }))
    for (const [name, handler] of Object.entries(handlers)) app.all(`/${name}`, allowLazy(auth), handler)
    app.all("/caught", allowLazy(auth), (_req, _res, next) => next(failing))
    const caught: express.ErrorRequestHandler = (error, req, res, next) =>
      req.path === "/caught" ? void res.writeHead(418, { "content-type": "text/plain" }).end("caught") : next(error)
    app.use(caught)
    const server: Server = app.listen(0, "127.0.0.1")
    await new Promise<void>((resolve) => server.once("listening", () => resolve()))
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    }
  }
}

const ways = {
  "a redirect": { path: "/redirect", status: 302, location: "/" },
  "a redirect after a form": { path: "/redirect", status: 302, method: "POST" as const },
  "a file": { path: "/sendFile", status: 200, body: "startExpress" },
  "a file that is not there": { path: "/missingFile", status: 404 },
  "an answer for shared caches": { path: "/json", status: 200 },
  "an error for Express's own page": { path: "/error", status: 500 },
  "an error for a handler of the app": { path: "/caught", status: 418, body: "caught" },
  "a status alone": { path: "/status", status: 404 },
  "no handler after it": { path: "/nothing", status: 404 },
  "an end at once": { path: "/early", status: 200 },
  "a head of its own": { path: "/head", status: 201, body: "made" },
  "a head with a cookie": { path: "/headCookie", status: 200 },
  "a head with cookies": { path: "/headCookies", status: 200 },
  "a head in pairs": { path: "/headPairs", status: 200 },
  "another cookie in its place": { path: "/setHeader", status: 200 },
  "all headers removed": { path: "/removed", status: 200 },
  "a cookie beside it": { path: "/cookie", status: 200 },
  "a sign-out": { path: "/signOut", status: 200, signsOut: true as const },
  "a stream": { path: "/stream", status: 200, body: "onetwo" },
  "a head that goes ahead of the body": { path: "/flushed", status: 200, body: "late" },
  "what another server answers": { path: "/proxied", status: 200, body: "from behind" },
}

describeLeaving("Express 5", start(express), ways)
describeLeaving("Express 4", start(express4), ways)
