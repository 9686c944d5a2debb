import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { ExpressAuth, type ExpressAuthConfig } from "@auth/express"
import express from "express"
import { afterAll, beforeAll, expect, it } from "vitest"
import { withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

// @auth/express takes one configuration for all requests, so this library has its own
// `expressAuth`.

const BROWSERS = 20
const app = new FlowApp("database")
const closers: (() => void)[] = []

beforeAll(async () => {
  app.database = await postgresDatabase()
})
afterAll(async () => {
  for (const close of closers) close()
  await app.database.close()
})

/** A server whose errors are its answers, as those of Express are to a developer. */
async function serve(given: ExpressAuthConfig): Promise<string> {
  const server = express()
  server.set("trust proxy", true)
  server.use("/auth", ExpressAuth(given))
  const shown: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(String(error))
  server.use(shown)
  const listening = server.listen(0, "127.0.0.1")
  await once(listening, "listening")
  closers.push(() => {
    listening.closeAllConnections()
    listening.close()
  })
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

/** What each of many browsers is told that sign in at once. */
function signInAtOnce(origin: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: BROWSERS }, async () => {
      const browser = new Browser(origin)
      const csrf = await browser.visit("/auth/csrf")
      if (csrf.status !== 200) return csrf.text()
      const { csrfToken } = (await csrf.json()) as { csrfToken: string }
      const answer = await browser.visit("/auth/callback/lazy", { form: { csrfToken } })
      expect(await browser.sessionCookie()).toBeUndefined()
      return answer.text()
    }),
  )
}

it("ExpressAuth(authConfig()) serves nobody as somebody else, and says what to write", async () => {
  const auth = withLazy({ ...app.config, lazy: { limits: { perAddress: false } } })
  const told = await signInAtOnce(await serve(auth()))
  for (const text of told)
    expect(text).toContain("expressAuth(authConfig) of authjs-lazy/express instead of ExpressAuth")
  expect(await app.count('"user"')).toBe(0)
})

it("ExpressAuth(authConfig) says what to write", async () => {
  const auth: unknown = withLazy(app.config)
  const told = await signInAtOnce(await serve(auth as ExpressAuthConfig))
  for (const text of told)
    expect(text).toContain("expressAuth(authConfig) of authjs-lazy/express instead of ExpressAuth")
  expect(await app.count('"user"')).toBe(0)
})
