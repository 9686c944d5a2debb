import { join } from "node:path"
import type { Database } from "authjs-lazy/drizzle"
import { expressAuth, webHandler } from "authjs-lazy/express"
import { convertPage } from "authjs-lazy/pages"
import express, { type ErrorRequestHandler, type Express } from "express"
import { createAuthConfig } from "./auth.js"
import { mailRoutes } from "./mail-routes.js"
import { notesRoutes } from "./notes-routes.js"
import type { OtherWays } from "./providers.js"
import { signInRoutes } from "./sign-in-routes.js"
import { convertLayout } from "./views/convert-layout.js"
import { errorPage } from "./views/error-page.js"
import { sendPage } from "./views/send-page.js"

/** The whole app, without a server around it. */
export function createApp(db: Database, secret: string, { providers, mailbox }: OtherWays): Express {
  const authConfig = createAuthConfig(db, secret, providers)
  const app = express()
  app.disable("x-powered-by")
  app.use(express.static(join(import.meta.dirname, "public")))
  app.use("/auth", expressAuth(authConfig))
  app.all("/convert", webHandler(convertPage(authConfig, { layout: convertLayout })))
  app.use(signInRoutes(db, authConfig))
  app.use(mailRoutes(mailbox))
  app.use(notesRoutes(db, authConfig))
  app.use((_req, res) => sendPage(res.status(404), errorPage(404)))
  app.use(showError)
  return app
}

/** Express knows an error handler by its four parameters. */
const showError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error)
  // What Express itself throws, for a body that is too long or an address that can't be decoded, says which status it is.
  const status = error?.status >= 400 && error?.status < 500 ? error.status : 500
  if (status === 500) console.error(error)
  sendPage(res.status(status), errorPage(status))
}
