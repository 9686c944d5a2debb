import type { AddressInfo } from "node:net"
import { authHandler, getAuthUser, initAuthConfig } from "@hono/auth-js"
import { createAdaptorServer } from "@hono/node-server"
import { type Context, Hono } from "hono"
import { allowLazy, optionalSession, requireLazy, requireReal } from "../../src/hono.js"
import { withLazy } from "../../src/index.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"

describeGateContract("Hono", start, { keepsInternalPort: true })

async function start({ config, events }: ContractApp): Promise<ContractServer> {
  const auth = withLazy(config)
  const page = async (c: Context) => {
    const own = await getAuthUser(c)
    const cookieSeen = (c.req.header("cookie") ?? "").includes("authjs.session-token")
    return c.json({ session: c.get("session"), cookieSeen, own: own && { user: own.session.user } })
  }
  const app = new Hono()
  app.use(
    "*",
    initAuthConfig((c) => auth(c)),
  )
  app.use("/auth/*", authHandler())
  app.get("/", allowLazy(auth), page)
  app.post("/", allowLazy(auth), page)
  app.get("/real", requireReal(auth), page)
  app.get("/lazy", requireLazy(auth, { redirectTo: "/welcome" }), page)
  app.on(["GET", "POST"], "/optional", optionalSession(auth), page)
  app.on(["GET", "POST"], "/write", allowLazy(auth, { on: "write" }), page)
  app.get(
    "/stream",
    allowLazy(auth),
    () => new Response(events(), { headers: { "content-type": "text/event-stream" } }),
  )
  app.onError((error, c) => c.json({ error: error.name }, 500))

  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      if ("closeAllConnections" in server) server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
