import type { Server } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { serve as serveHono } from "@hono/node-server"
import express from "express"
import { Hono } from "hono"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allowLazy, expressAuth, requireReal, webHandler } from "../../src/express.js"
import { allowLazy as allowLazyInHono } from "../../src/hono.js"
import { handleAuth, type LazyAuth, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

const app = new FlowApp("database")

function startExpress(auth: LazyAuth): Promise<Server> {
  const server = express()
  // As in development, where the error handler of Express writes the error and its stack to the
  // response.
  server.set("env", "development")
  server.use("/auth", expressAuth(auth))
  server.use("/convert", webHandler(convertPage(auth)))
  server.use("/real", requireReal(auth), (_req, res) => void res.send("real"))
  server.use(allowLazy(auth), (_req, res) => void res.send("page"))
  return new Promise((resolve) => {
    const started: Server = server.listen(0, "127.0.0.1", () => resolve(started))
  })
}

function startHono(auth: LazyAuth): Promise<Server> {
  const server = new Hono()
  const page = convertPage(auth)
  server.all("/auth/*", (c) => handleAuth(c.req.raw, auth))
  server.all("/convert", (c) => page(c.req.raw, c))
  server.use("*", allowLazyInHono(auth))
  server.all("*", (c) => c.text("page"))
  return new Promise((resolve) => {
    const started = serveHono({ fetch: server.fetch, port: 0, hostname: "127.0.0.1" }, () =>
      resolve(started as Server),
    ) as Server
  })
}

/** Sends bytes as they are; resolves to what the server answers until it, or its answer, ends. */
function send(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(head))
    let answer = ""
    const timer = setTimeout(() => reject(new Error(`No answer to ${JSON.stringify(head.slice(0, 80))}`)), 20_000)
    const done = () => {
      clearTimeout(timer)
      resolve(answer)
    }
    socket
      .setEncoding("latin1")
      .on("data", (chunk) => (answer += chunk))
      .on("end", done)
      .on("error", done)
      .on("close", done)
  })
}

const PATHS = ["/", "/auth/session", "/auth/signin", "/auth/callback/lazy", "/convert", "/real"]
const long = "x".repeat(12_000)

/** Odd request lines and Host headers, by what is odd about them. `path` is replaced. */
const HEADS: Record<string, string> = {
  TRACE: "TRACE path HTTP/1.1\r\nHost: app.test",
  "CONNECT of a path": "CONNECT path HTTP/1.1\r\nHost: app.test",
  "a method of WebDAV": "PROPFIND path HTTP/1.1\r\nHost: app.test",
  "a method in small letters": "get path HTTP/1.1\r\nHost: app.test",
  QUERY: "QUERY path HTTP/1.1\r\nHost: app.test",
  "credentials in the host": "GET path HTTP/1.1\r\nHost: a@b",
  "credentials with a password in the host": "GET path HTTP/1.1\r\nHost: ada:secret@app.test",
  "no host": "GET path HTTP/1.0",
  "an empty host": "GET path HTTP/1.1\r\nHost: ",
  "a host with a blank": "GET path HTTP/1.1\r\nHost: app test",
  "a host with a path": "GET path HTTP/1.1\r\nHost: app.test/evil",
  "a host with a query": "GET path HTTP/1.1\r\nHost: app.test?evil",
  "a host with a fragment": "GET path HTTP/1.1\r\nHost: app.test#evil",
  "a host with a backslash": "GET path HTTP/1.1\r\nHost: app.test\\evil",
  "a host with a bad port": "GET path HTTP/1.1\r\nHost: app.test:99999",
  "a host that is half an IPv6 address": "GET path HTTP/1.1\r\nHost: [::1",
  "a host of percent signs": "GET path HTTP/1.1\r\nHost: %%%",
  "a whole address": "GET http://other.testpath HTTP/1.1\r\nHost: app.test",
  "a whole address with credentials": "GET http://a:b@other.testpath HTTP/1.1\r\nHost: app.test",
  "two slashes": "GET /path HTTP/1.1\r\nHost: app.test",
  "two slashes and no host": "GET //[path HTTP/1.1\r\nHost: app.test",
  "a backslash": "GET /\\pathpath HTTP/1.1\r\nHost: app.test",
  "broken percent-encoding": "GET path%zz%e0%a4%a HTTP/1.1\r\nHost: app.test",
  "broken percent-encoding in the query": "GET path?x=%zz&redirectTo=%e0%a4%a HTTP/1.1\r\nHost: app.test",
  "a percent-encoded NUL": "GET path%00?redirectTo=%00 HTTP/1.1\r\nHost: app.test",
  "a very long address": `GET path?${long} HTTP/1.1\r\nHost: app.test`,
  "an asterisk": "OPTIONS * HTTP/1.1\r\nHost: app.test",
  "no path": "GET ?x HTTP/1.1\r\nHost: app.test",
  "broken percent-encoding in a cookie":
    "GET path HTTP/1.1\r\nHost: app.test\r\nCookie: authjs.session-token=%zz; authjs.csrf-token=%e0",
}

describe.each([
  ["Express", startExpress],
  ["Hono", startHono],
])("a malformed request to %s", (_, start) => {
  let server: Server
  let port: number
  beforeAll(async () => {
    app.database = await postgresDatabase()
    server = await start(withLazy({ ...app.config, lazy: { limits: { perAddress: false } } }))
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await app.database.close()
  })

  it.each(Object.keys(HEADS))("is answered, by no more than a refusal: %s", async (head) => {
    for (const path of PATHS) {
      const text = (HEADS[head] as string).replaceAll("path", path)
      const answer = await send(port, `${text}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`)
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(answer) ?? []
      // Node itself ends the connection after a CONNECT that nothing listens for.
      if (answer !== "" || !head.startsWith("CONNECT"))
        expect(Number(status), `${path}: ${answer.slice(0, 600)}`).toBeLessThan(500)
      expect(answer).not.toMatch(/node_modules|\n\s+at |TypeError|file:\/\//)
    }
    const alive = await send(port, "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
    expect(alive).toMatch(/^HTTP\/1\.1 200/)
  })

  it.each(["TRACE", "credentials in the host", "a host with a path", "a host with a blank"])(
    "is refused by its name: %s",
    async (head) => {
      // The gate hands TRACE on to the app, without a session.
      for (const path of PATHS.filter((path) => head !== "TRACE" || /^\/(auth|convert)/.test(path))) {
        const text = (HEADS[head] as string).replaceAll("path", path)
        const answer = await send(port, `${text}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`)
        expect(answer, path).toMatch(/^HTTP\/1\.1 (400|405|501)/)
        expect(answer).not.toMatch(/^set-cookie/im)
      }
    },
  )
})
