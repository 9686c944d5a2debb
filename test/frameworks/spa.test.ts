import { once } from "node:events"
import type { AddressInfo } from "node:net"
import express from "express"
import { expect, it } from "vitest"
import { allowLazy, expressAuth } from "../../src/express.js"
import { withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { earlyInWindow, FlowApp } from "../setup/flow-app.js"

it.each(["database", "jwt"] as const)(
  "keeps what a single-page app writes among its first requests, once it has a CSRF cookie (%s sessions)",
  async (strategy) => {
    const app = new FlowApp(strategy)
    app.database = await postgresDatabase()
    const auth = withLazy(app.config)
    const drafts = new Map<string, string>()
    const server = express()
    server.use("/auth", expressAuth(auth))
    server.get("/index.html", (_req, res) => void res.send("<!doctype html>"))
    server.get("/api/me", allowLazy(auth), (_req, res) => void res.json(res.locals.session?.user))
    server.post("/api/drafts", allowLazy(auth), express.json(), (req, res) => {
      drafts.set(String(res.locals.session?.user.id), req.body.text)
      res.json({})
    })
    server.get("/api/drafts", allowLazy(auth), (_req, res) => {
      res.json(drafts.get(String(res.locals.session?.user.id)) ?? null)
    })
    const listening = server.listen(0, "127.0.0.1")
    await once(listening, "listening")
    const browser = new Browser(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`)
    const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", accept: "*/*" }

    await browser.visit("/index.html")
    await browser.visit("/auth/csrf", { headers })
    await earlyInWindow()
    await Promise.all([
      browser.visit("/api/drafts", { headers, json: { text: "first words" } }),
      browser.visit("/api/me", { headers }),
      browser.visit("/api/me", { headers }),
      browser.visit("/api/drafts", { headers }),
    ])
    expect(await app.count('"user"')).toBe(1)
    expect(await (await browser.visit("/api/drafts", { headers })).json()).toBe("first words")
    listening.closeAllConnections()
    listening.close()
    await app.database.close()
  },
)
