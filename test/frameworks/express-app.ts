import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import type { ErrorRequestHandler, Express, RequestHandler } from "express"
import { allowLazy, expressAuth, optionalSession, requireLazy, requireReal } from "../../src/express.js"
import { handleAuth, withLazy } from "../../src/index.js"
import type { ContractApp, ContractServer } from "../contract/gate-contract.js"

/** The app of the contract, in whichever Express `express` is. */
export async function startExpress(
  express: () => Express,
  { config, behindTls, events }: ContractApp,
): Promise<ContractServer> {
  const auth = withLazy(config)
  const page: RequestHandler = async (req, res) => {
    const cookie = req.headers.cookie ?? ""
    const asked = new Request(`${req.protocol}://${req.get("host")}/auth/session`, { headers: { cookie } })
    const own = await (await handleAuth(asked, auth)).json()
    res.json({ session: res.locals.session ?? null, cookieSeen: cookie.includes("authjs.session-token"), own })
  }
  const showError: ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(500).json({ error: error.name })
  }

  const app = express()
  if (behindTls) app.set("trust proxy", "loopback")
  app.use("/auth", expressAuth(auth))
  app.get("/", allowLazy(auth), page)
  app.post("/", allowLazy(auth), page)
  app.get("/real", requireReal(auth), page)
  app.get("/lazy", requireLazy(auth, { redirectTo: "/welcome" }), page)
  app.get("/optional", optionalSession(auth), page)
  app.post("/optional", optionalSession(auth), page)
  app.get("/write", allowLazy(auth, { on: "write" }), page)
  app.post("/write", allowLazy(auth, { on: "write" }), page)
  app.get("/stream", allowLazy(auth), (_req, res) => {
    res.type("text/event-stream")
    Readable.fromWeb(events() as Parameters<typeof Readable.fromWeb>[0]).pipe(res)
  })
  app.use(showError)

  const server = await new Promise<Server>((resolve) => {
    const started: Server = app.listen(0, "127.0.0.1", () => resolve(started))
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
