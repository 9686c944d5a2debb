import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { createAdaptorServer, upgradeWebSocket } from "@hono/node-server"
import express from "express"
import { Hono } from "hono"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import * as inExpress from "../../src/express.js"
import * as inHono from "../../src/hono.js"
import type { GateSession } from "../../src/index.js"
import { type LazyAuth, withLazy } from "../../src/index.js"
import { CHROME, Visitor } from "../contract/gate-contract-visitor.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

/** The WebSocket handler of each server: sends the user's id, then echoes messages. */
const greeting = (session: GateSession | null | undefined) => session?.user.id ?? "nobody"
const echo = (text: string) => `you said ${text}`

function listenExpress(auth: LazyAuth): Server {
  const sockets = new WebSocketServer({ noServer: true })
  const heads = new WeakMap<IncomingMessage, Buffer>()
  const talk: express.RequestHandler = (req, res) => {
    res.detachSocket(req.socket)
    sockets.handleUpgrade(req, req.socket, heads.get(req) as Buffer, (socket) => {
      socket.on("message", (data) => socket.send(echo(String(data))))
      socket.send(greeting(res.locals.session))
    })
  }
  const app = express()
  app.get("/", inExpress.allowLazy(auth), (_req, res) => void res.send("open"))
  app.get("/talk", inExpress.allowLazy(auth), talk)
  app.get("/real", inExpress.requireReal(auth), talk)
  // Node hands an upgrade to nobody else; Express answers it as any request.
  return createServer(app).on("upgrade", (req, socket: Socket, head) => {
    heads.set(req, head)
    const res = new ServerResponse(req)
    res.assignSocket(socket)
    app(req, res)
  })
}

function listenHono(auth: LazyAuth): Server {
  const talk = upgradeWebSocket((c) => ({
    onOpen: (_event, socket) => socket.send(greeting(c.get("session"))),
    onMessage: ({ data }, socket) => socket.send(echo(String(data))),
  }))
  const app = new Hono()
    .get("/", inHono.allowLazy(auth), (c) => c.text("open"))
    .get("/talk", inHono.allowLazy(auth), talk)
    .get("/real", inHono.requireReal(auth), talk)
  const websocket = { server: new WebSocketServer({ noServer: true }) }
  return createAdaptorServer({ fetch: app.fetch, websocket }) as Server
}

const frameworks: [string, (auth: LazyAuth) => Server][] = [
  ["Express", listenExpress],
  ["Hono", listenHono],
]

describe.each(frameworks)("a WebSocket behind the gate in %s", (_, makeServer) => {
  const app = new FlowApp("database")
  let server: Server
  let port: number
  const clients: WebSocket[] = []

  beforeAll(async () => {
    app.database = await postgresDatabase()
    server = makeServer(withLazy(app.config)).listen(0, "127.0.0.1")
    await once(server, "listening")
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate()
  })
  afterAll(async () => {
    server?.close()
    await app.database?.close()
  })

  const rows = async () => [await app.count('"user"'), await app.count("session")]

  /** Shakes hands as a browser does. */
  function connect(path: string, cookie = ""): WebSocket {
    const headers = { "user-agent": CHROME, "sec-fetch-mode": "websocket", "sec-fetch-site": "same-origin", cookie }
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, origin: `http://127.0.0.1:${port}` })
    client.once("open", () => clients.push(client))
    return client
  }

  /** What the server answers to the handshake, and says first. */
  async function meet(client: WebSocket): Promise<{ answer: IncomingMessage; first: string }> {
    const [[answer], [first]] = await Promise.all([once(client, "upgrade"), once(client, "message")])
    return { answer, first: String(first) }
  }

  it("opens for somebody without a session, who stays nobody: no row is made, and nothing is set", async () => {
    const before = await rows()
    const client = connect("/talk")
    const { answer, first } = await meet(client)
    expect([answer.statusCode, answer.headers["set-cookie"], first]).toEqual([101, undefined, "nobody"])
    for (const text of ["one", "two"]) {
      client.send(text)
      expect(String((await once(client, "message"))[0])).toBe(`you said ${text}`)
    }
    expect(await rows()).toEqual(before)
  })

  it("knows the lazy user who has been made by a page", async () => {
    const visitor = new Visitor(port)
    await visitor.visit("/")
    const [{ id }] = (await app.database.query('select id from "user" order by id desc limit 1')) as [{ id: string }]
    const before = await rows()
    const client = connect("/talk", await visitor.jar.getCookieString(visitor.origin))
    expect((await meet(client)).first).toBe(id)
    client.send("hello")
    expect(String((await once(client, "message"))[0])).toBe("you said hello")
    expect(await rows()).toEqual(before)
  })

  it("stays shut to whom a gate does not let pass", async () => {
    const [request, answer] = await once(connect("/real"), "unexpected-response")
    request.destroy()
    expect([answer.statusCode, answer.headers["set-cookie"]]).toEqual([401, undefined])
  })
})
