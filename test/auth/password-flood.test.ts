import { once } from "node:events"
import { type ClientRequest, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { monitorEventLoopDelay } from "node:perf_hooks"
import express from "express"
import { afterAll, beforeAll, expect, it } from "vitest"
import { expressAuth } from "../../src/express.js"
import { handleAuth, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { pgliteDatabase } from "../setup/databases.js"
import { FlowApp, password, refusal } from "../setup/flow-app.js"

const app = new FlowApp("database")
beforeAll(async () => {
  app.database = await pgliteDatabase()
})
afterAll(() => app.database.close())

const CLIENTS = 200

async function ownerOf(username: string): Promise<Browser> {
  const owner = app.browser()
  await owner.signIn("convert", { username, password })
  await owner.signOut()
  await owner.csrfToken()
  return owner
}

it("signs the owner in at once while hundreds of clients hang up", async () => {
  const owner = await ownerOf("flooded")
  const auth = withLazy(app.config)
  const evil = app.browser()
  const csrfToken = await evil.csrfToken()
  const cookie = await evil.jar.getCookieString("http://app.test")
  const hangUp = new AbortController()
  const flood = Array.from({ length: CLIENTS }, (_, n) =>
    handleAuth(
      new Request("http://app.test/auth/callback/password", {
        method: "POST",
        headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ csrfToken, username: `nobody-${n}`, password: "x".repeat(200) }),
        signal: hangUp.signal,
      }),
      auth,
    ),
  )
  // All but those whose turn it is, or who wait for one, are refused.
  const [first] = await Promise.race(flood.map(async (answer) => [refusal(await answer)]))
  expect(first).toBe("too_many_tries")
  hangUp.abort()
  const before = performance.now()
  await owner.signIn("password", { username: "flooded", password })
  expect(performance.now() - before).toBeLessThan(2000)
  expect((await owner.session())?.user.username).toBe("flooded")
  const codes = (await Promise.all(flood)).map(refusal)
  expect(codes.filter((code) => code === "too_many_tries").length).toBeGreaterThan(CLIENTS - 50)
}, 60_000)

it("works for no client of Express that has hung up", async () => {
  const server = express()
  server.use("/auth", expressAuth(withLazy(app.config)))
  const listening = server.listen(0, "127.0.0.1")
  await once(listening, "listening")
  const { port } = listening.address() as AddressInfo
  const evil = new Browser(`http://127.0.0.1:${port}`)
  const csrfToken = await evil.csrfToken()
  const cookie = await evil.jar.getCookieString(evil.origin)
  const post = (username: string) => {
    const body = new URLSearchParams({ csrfToken, username, password: "x".repeat(200) }).toString()
    const headers = { cookie, "content-type": "application/x-www-form-urlencoded", "content-length": body.length }
    const path = "/auth/callback/password"
    const sent = httpRequest({ host: "127.0.0.1", port, method: "POST", path, agent: false, headers })
    sent.on("error", () => {})
    sent.end(body)
    return sent
  }
  const gone = Array.from({ length: 30 }, (_, n) => post(`gone-${n}`))
  await once(gone[0] as ClientRequest, "response")
  const closed = gone.map((each) => each.closed || new Promise((resolve) => each.once("close", resolve)))
  for (const each of gone) each.destroy()
  await Promise.all(closed)
  const before = performance.now()
  const answer = await evil.signIn("password", { username: "gone-0", password: "x" })
  expect(refusal(answer)).toBe("wrong_credentials")
  expect(performance.now() - before).toBeLessThan(2000)
  listening.closeAllConnections()
  listening.close()
}, 60_000)

it("scores passwords one at a time, so that others are served in between", async () => {
  const browser = app.browser()
  // The dictionaries are loaded with the first one.
  await browser.signIn("convert", { username: "scored", password: "1234567890" })
  const csrfToken = await browser.csrfToken()
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const weak = "1234567890".repeat(7).slice(0, 64)
  const forms = Array.from({ length: 60 }, (_, n) =>
    browser.visit("/auth/callback/convert", { form: { csrfToken, username: `weak-${n}`, password: weak } }),
  )
  const codes = (await Promise.all(forms)).map(refusal)
  delay.disable()
  expect(delay.max / 1e6).toBeLessThan(400)
  expect(codes.filter((code) => code === "password_weak").length).toBeGreaterThan(10)
  expect(new Set(codes)).toEqual(new Set(["password_weak", "too_many_tries"]))
}, 60_000)
