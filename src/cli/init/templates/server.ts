import { outdent } from "../look/source-text.js"
import { importLine } from "./imports.js"

/** Writes an Express server with a page for everybody and one for real users. */
export const expressServer = (auth: string): string =>
  outdent(`
  import { allowLazy, expressAuth, requireReal, webHandler } from "authjs-lazy/express"
  import { convertPage } from "authjs-lazy/pages"
  import express from "express"
  ${importLine(["authConfig"], auth)}

  const app = express()
  app.use("/auth", expressAuth(authConfig))
  app.all("/convert", webHandler(convertPage(authConfig)))

  // Everyone who opens this page is a user from here on.
  app.get("/", allowLazy(authConfig), (_req, res) => {
    const { session } = res.locals
    // Crawlers, prefetches and the like get no lazy user.
    if (!session) return void res.type("text").send("Hello.")
    res.type("text").send("You are " + (session.user.username ?? session.user.email) + ".")
  })

  // A lazy user is sent to the convert page, and comes back here as a real one.
  app.get("/settings", requireReal(authConfig, { redirectTo: "/convert" }), (_req, res) => {
    res.type("text").send("Only real users have settings.")
  })

  const port = Number(process.env.PORT ?? 3000)
  app.listen(port, () => console.log("http://localhost:" + port))
`)

/** Writes a Hono server on Node with a page for everybody and one for real users. */
export const honoServer = (auth: string): string =>
  outdent(`
  import { authHandler, initAuthConfig } from "@hono/auth-js"
  import { serve } from "@hono/node-server"
  import { allowLazy, requireReal } from "authjs-lazy/hono"
  import { convertPage } from "authjs-lazy/pages"
  import { Hono } from "hono"
  ${importLine(["authConfig"], auth)}

  const app = new Hono()
  app.use(
    "*",
    initAuthConfig((c) => authConfig(c)),
  )
  app.use("/auth/*", authHandler())
  const convert = convertPage(authConfig)
  app.all("/convert", (c) => convert(c.req.raw, c))

  // Everyone who opens this page is a user from here on.
  app.get("/", allowLazy(authConfig), (c) => {
    const session = c.get("session")
    // Crawlers, prefetches and the like get no lazy user.
    if (!session) return c.text("Hello.")
    return c.text("You are " + (session.user.username ?? session.user.email) + ".")
  })

  // A lazy user is sent to the convert page, and comes back here as a real one.
  app.get("/settings", requireReal(authConfig, { redirectTo: "/convert" }), (c) =>
    c.text("Only real users have settings."),
  )

  const port = Number(process.env.PORT ?? 3000)
  serve({ fetch: app.fetch, port }, () => console.log("http://localhost:" + port))
`)
