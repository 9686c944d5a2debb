import { drizzle } from "drizzle-orm/postgres-js"
import { gate, handleAuth, LazyAdapter, LazyProvider, withLazy } from "../authjs-lazy.js"
import { connect } from "./connect.js"
import { secret } from "./secret.js"
import { serveNode } from "./serve.js"
import { headersOf, toRequest, urlOf, writeResponse } from "./web-bridge.js"

const strategy = process.argv[3] === "jwt" ? "jwt" : "database"

const auth = withLazy({
  adapter: LazyAdapter(drizzle(connect())),
  providers: [LazyProvider()],
  session: { strategy },
  // All visitors of the benchmark have the same address.
  lazy: { limits: { perAddress: false } },
  secret,
  trustHost: true,
})

const onWrite = { on: "write" } as const

await serveNode(async (req, res) => {
  if (req.url?.startsWith("/auth/")) return writeResponse(await handleAuth(await toRequest(req), auth), res)
  // The gate looks at no more than this, and a server of Node needs no Response.
  const request = { method: req.method ?? "GET", url: urlOf(req), headers: headersOf(req) }
  const result = await gate(request, auth, req.url === "/public" ? onWrite : undefined)
  res.setHeaders(result.headers)
  if (!result.open) return void res.writeHead(result.status).end(result.body)
  const { session, created } = result
  res.setHeader("content-type", "application/json")
  res.end(JSON.stringify({ user: session?.user.id, created }))
})
