import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { authHandler, initAuthConfig } from "@hono/auth-js"
import { createAdaptorServer } from "@hono/node-server"
import { Hono } from "hono"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { allowLazy } from "../../src/hono.js"
import { type LazyConfig, withLazy } from "../../src/index.js"
import { Visitor } from "../contract/gate-contract-visitor.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, refusal } from "../setup/flow-app.js"

const FORGED = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"]

describe('signIn("lazy") through the handler of @hono/auth-js', () => {
  const app = new FlowApp("database")
  const servers: ReturnType<typeof createAdaptorServer>[] = []

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

  function routes(lazy: LazyConfig["lazy"]): Hono {
    const auth = withLazy({ ...app.config, lazy })
    return new Hono()
      .use(
        "*",
        initAuthConfig((c) => auth(c)),
      )
      .use("/auth/*", authHandler())
      .get("/", allowLazy(auth), (c) => c.text("open"))
  }

  async function listen(lazy: LazyConfig["lazy"]): Promise<number> {
    const server = createAdaptorServer({ fetch: routes(lazy).fetch })
    servers.push(server)
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return (server.address() as AddressInfo).port
  }

  const signIn = async (port: number, headers: Record<string, string> = {}) =>
    refusal(await new Visitor(port, headers).signIn("lazy"))

  it("is counted by the address of the connection, together with the gate", async () => {
    const port = await listen({ limits: { perAddress: 2 } })
    const before = await app.count('"user"')
    expect(await signIn(port)).toBeNull()
    expect((await new Visitor(port).visit("/")).status).toBe(200)
    expect(await signIn(port)).toBe("too_many_lazy_users")
    expect((await new Visitor(port).visit("/")).status).toBe(429)
    expect(await app.count('"user"')).toBe(before + 2)
  })

  it("is counted alike whatever address the client claims in a header", async () => {
    const port = await listen({ limits: { perAddress: 1 } })
    expect(await signIn(port, { "x-forwarded-for": "192.0.2.1" })).toBeNull()
    const before = await app.count('"user"')
    for (const header of FORGED) expect(await signIn(port, { [header]: "192.0.2.2" })).toBe("too_many_lazy_users")
    expect(await app.count('"user"')).toBe(before)
  })

  it("is counted by the header of a proxy that is trusted, and then by nothing else", async () => {
    const port = await listen({ limits: { perAddress: 1 }, trustProxy: { header: "x-forwarded-for" } })
    expect(await signIn(port, { "x-forwarded-for": "192.0.2.1" })).toBeNull()
    expect(await signIn(port, { "x-forwarded-for": "192.0.2.1" })).toBe("too_many_lazy_users")
    expect(await signIn(port, { "x-forwarded-for": "192.0.2.2" })).toBeNull()
  })

  it("works where no server of Node's stands behind the app, and no address is known", async () => {
    const handle = routes({ limits: { perAddress: 1 } })
    for (const env of [undefined, {}, { incoming: {} }]) {
      const browser = new Browser("http://app.test", async (request) => handle.fetch(request, env))
      expect(refusal(await browser.signIn("lazy"))).toBeNull()
      expect((await browser.session())?.user.isLazy).toBe(true)
    }
  })
})
