import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type RequestListener, request, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { getRequestListener } from "@hono/node-server"
import express from "express"
import { Hono } from "hono"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { allowLazy as allowInExpress } from "../../src/express.js"
import { allowLazy as allowInHono } from "../../src/hono.js"
import { type LazyAuth, LazyProvider, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { ConvertProvider } from "../../src/password.js"
import { CHROME, Visitor } from "../contract/gate-contract-visitor.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { hangUp, untilGone } from "./hang-up.js"

const frameworks: [string, (auth: LazyAuth) => RequestListener][] = [
  ["Express", (auth) => express().get("/", allowInExpress(auth), (_req, res) => void res.send("open"))],
  ["Hono", (auth) => getRequestListener(new Hono().get("/", allowInHono(auth), (c) => c.text("open")).fetch)],
]

describe.each(frameworks)("a connection that does not say who is there, in %s,", (_, makeApp) => {
  const app = new FlowApp("database")
  const servers: Server[] = []

  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close()
      await once(server, "close")
    }
  })
  afterAll(() => app.database.close())

  function start(perAddress: RateLimiterMemory): Server {
    const handle = makeApp(withLazy({ ...app.config, lazy: { limits: { perAddress } } }))
    const server = createServer(async (incoming, outgoing) => {
      await untilGone(incoming)
      handle(incoming, outgoing)
    })
    servers.push(server)
    return server
  }

  it("since the visitor has hung up, makes no users without end", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 })
    const server = start(limiter).listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const before = await app.count('"user"')
    for (let n = 0; n < 5; n++) await hangUp(port)
    await expect.poll(async () => (await limiter.get("0.0.0.0"))?.consumedPoints).toBe(5)
    await expect.poll(() => app.count('"user"')).toBe(before + 2)
    // Another visitor, who stays connected, still gets in.
    expect((await new Visitor(port).visit("/")).status).toBe(200)
    expect(await app.count('"user"')).toBe(before + 3)
  })

  it("since it is a Unix socket, is counted for nobody", async () => {
    const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-socket-"))
    const socketPath = join(folder, "app.sock")
    try {
      await once(start(new RateLimiterMemory({ points: 1, duration: 60 })).listen(socketPath), "listening")
      for (let n = 0; n < 3; n++) {
        const outgoing = request({ socketPath, headers: { "user-agent": CHROME }, agent: false }).end()
        const [answer] = await once(outgoing, "response")
        expect(answer.resume().statusCode).toBe(200)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

it("counts all who hang up before they convert as one", async () => {
  const app = new FlowApp("database")
  app.database = await postgresDatabase()
  const limiter = new RateLimiterMemory({ points: 2, duration: 60 })
  const providers = [LazyProvider(), ConvertProvider({ limiters: { address: limiter } })]
  const convert = convertPage(withLazy({ ...app.config, providers }))
  const statuses: number[] = []
  const server = createServer(async (incoming) => {
    await untilGone(incoming)
    // What it sent has come through to the end.
    const browser = new Browser("http://app.test", (request) => convert(request, { env: { incoming } }))
    const { csrfToken } = await (await browser.visit("/convert", { headers: { accept: "application/json" } })).json()
    const json = { csrfToken, username: `person-${statuses.length}`, password }
    statuses.push((await browser.visit("/convert", { json, headers: { accept: "application/json" } })).status)
  }).listen(0, "127.0.0.1")
  try {
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    for (let n = 1; n <= 4; n++) {
      await hangUp(port)
      await expect.poll(() => statuses.length).toBe(n)
    }
    expect(statuses).toEqual([200, 200, 429, 429])
    expect((await limiter.get("0.0.0.0"))?.consumedPoints).toBe(4)
  } finally {
    server.close()
    await app.database.close()
  }
})
