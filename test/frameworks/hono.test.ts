import type { AddressInfo } from "node:net"
import { authHandler, getAuthUser, initAuthConfig } from "@hono/auth-js"
import { createAdaptorServer } from "@hono/node-server"
import { type Context, Hono } from "hono"
import { expect, it } from "vitest"
import { allowLazy, optionalSession, requireLazy, requireReal } from "../../src/hono.js"
import { withLazy } from "../../src/index.js"
import { type ContractApp, type ContractServer, describeGateContract } from "../contract/gate-contract.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"

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

it.each(["database", "jwt"] as const)(
  "shows @hono/auth-js the sign-in, not the late chunk beside it, without a gate, with %s sessions",
  async (strategy) => {
    const flow = new FlowApp(strategy)
    flow.database = await postgresDatabase()
    try {
      const auth = withLazy(flow.config)
      const app = new Hono()
        .use(
          "*",
          initAuthConfig((c) => auth(c)),
        )
        .use("/auth/*", authHandler())
        .get("/who", async (c) => c.json((await getAuthUser(c))?.session ?? null))
      const open = () => new Browser("http://app.test", async (request) => app.fetch(request))
      const [late, signedIn] = [open(), open()]
      await late.signIn("lazy")
      await signedIn.signIn("convert", { username: `hono-${strategy}`, password })
      const ids = [late, signedIn].map(async (browser) => (await browser.session())?.user.id)
      const [lateId, id] = await Promise.all(ids)
      const name = "authjs.session-token"
      const pairs = [`${name}=${await signedIn.sessionCookie()}`, `${name}.50=${await late.sessionCookie()}`]
      for (const path of ["/who", "/auth/session"]) {
        const shown = async (cookies: string[]) => {
          const answer = await open().visit(path, { headers: { cookie: cookies.join("; ") } })
          return ((await answer.json()) as { user: { id: string } }).user.id
        }
        expect(await shown(pairs), path).toBe(id)
        expect(await shown(pairs.toReversed()), path).toBe(id)
        expect(await shown(pairs.slice(1)), path).toBe(lateId)
      }
    } finally {
      await flow.database.close()
    }
  },
)
