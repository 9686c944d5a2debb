import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { authHandler, initAuthConfig } from "@hono/auth-js"
import { createAdaptorServer, type ServerType } from "@hono/node-server"
import express from "express"
import { Hono } from "hono"
import * as expressGates from "../../src/express.js"
import * as honoGates from "../../src/hono.js"
import type { GateSession } from "../../src/index.js"
import { gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import type { TestDatabase } from "../setup/databases.js"

/** A server of the notes app. */
export interface NotesServer {
  port: number
  server: ServerType
  close: () => Promise<void>
}

/** What the app is made of. */
interface NotesParts {
  config: LazyConfig
  database: TestDatabase
  /** How many proxies stand before it. */
  proxies: number
  /** The path of a Unix socket to listen on; default: a free port. */
  socket?: string
}

/**
 * One app in three frameworks: notes at `/`, an account page at `/account`, the convert page, and
 * the routes of Auth.js.
 */
export const NOTES_APPS = { Express: startExpress, Hono: startHono, handleAuth: startPlain }

async function startExpress({ config, database, proxies, socket }: NotesParts): Promise<NotesServer> {
  const { allowLazy, expressAuth, requireReal, webHandler } = expressGates
  const auth = withLazy(config)
  const app = express()
  app.set("trust proxy", proxies)
  app.use("/auth", expressAuth(auth))
  app.all("/convert", webHandler(convertPage(auth)))
  app.get("/", allowLazy(auth), async (_req, res) => {
    res.send(await page(database, res.locals.session))
  })
  app.post("/", allowLazy(auth), express.urlencoded({ extended: false }), async (req, res) => {
    await addNote(database, res.locals.session, req.body.text)
    res.redirect(303, "/")
  })
  app.get("/account", requireReal(auth, { redirectTo: "/convert" }), (_req, res) => void res.send("The account"))
  return started(createServer(app), socket)
}

async function startHono({ config, database, socket }: NotesParts): Promise<NotesServer> {
  const { allowLazy, requireReal } = honoGates
  const auth = withLazy(config)
  const convert = convertPage(auth)
  const app = new Hono()
    .use(
      "*",
      initAuthConfig((c) => auth(c)),
    )
    .use("/auth/*", authHandler())
    .all("/convert", (c) => convert(c.req.raw, c))
    .get("/", allowLazy(auth), async (c) => c.html(await page(database, c.get("session"))))
    .post("/", allowLazy(auth), async (c) => {
      await addNote(database, c.get("session"), (await c.req.parseBody()).text)
      return c.redirect("/", 303)
    })
    .get("/account", requireReal(auth, { redirectTo: "/convert" }), (c) => c.text("The account"))
  return started(createAdaptorServer({ fetch: app.fetch }), socket)
}

async function startPlain({ config, database, socket }: NotesParts): Promise<NotesServer> {
  const auth = withLazy(config)
  const convert = convertPage(auth)
  async function answer(request: Request, address: string): Promise<Response> {
    const { pathname } = new URL(request.url)
    const getClientAddress = () => address
    if (pathname.startsWith("/auth/")) return handleAuth(request, auth, { getClientAddress })
    if (pathname === "/convert") return convert(request, { getClientAddress })
    const needs = pathname === "/account" ? ({ require: "real", redirectTo: "/convert" } as const) : {}
    const door = await gate(request, auth, { ...needs, getClientAddress })
    return door.open ? door.apply(await opened(request, door.session)) : door.apply()
  }
  async function opened(request: Request, session: GateSession | null): Promise<Response> {
    if (request.url.endsWith("/account")) return new Response("The account")
    if (request.method !== "POST")
      return new Response(await page(database, session), { headers: { "content-type": "text/html" } })
    await addNote(database, session, (await request.formData()).get("text"))
    return new Response(null, { status: 303, headers: { location: "/" } })
  }
  const fetch = (request: Request, { incoming }: { incoming: IncomingMessage }) =>
    answer(request, incoming.socket.remoteAddress ?? "")
  return started(createAdaptorServer({ fetch } as Parameters<typeof createAdaptorServer>[0]), socket)
}

/** The SQL of the table of notes. */
export const NOTES_TABLE = `create table note (
  id serial primary key, "userId" text not null references "user" (id) on delete cascade, text text not null
)`

async function addNote({ query }: TestDatabase, session: GateSession | null | undefined, text: unknown): Promise<void> {
  if (!session) throw new Error("A note needs a user.")
  await query(`insert into note ("userId", text) values ('${session.user.id}', '${String(text)}')`)
}

async function page({ query }: TestDatabase, session: GateSession | null | undefined): Promise<string> {
  const { id = "nobody", isLazy } = session?.user ?? {}
  const notes = await query(`select text from note where "userId" = '${id}' order by id`)
  return `<!doctype html><title>Notes</title><h1>${isLazy ? "lazy" : "real"} ${id}</h1>
    <ul>${notes.map(({ text }) => `<li>${text}</li>`).join("")}</ul>
    <form method="post"><input name="text" aria-label="Note"><button>Add</button></form>
    <a href="/convert?callbackUrl=%2F">Sign up</a>`
}

async function started(server: ServerType, socket: string | undefined): Promise<NotesServer> {
  if (socket === undefined) server.listen(0, "127.0.0.1")
  else server.listen(socket)
  await once(server, "listening")
  return {
    server,
    port: socket === undefined ? (server.address() as AddressInfo).port : 0,
    close() {
      if ("closeAllConnections" in server) server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
