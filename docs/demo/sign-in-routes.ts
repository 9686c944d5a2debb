import { randomBytes } from "node:crypto"
import { isLazy, type LazyAuth } from "authjs-lazy"
import type { Database } from "authjs-lazy/drizzle"
import { optionalSession } from "authjs-lazy/express"
import { Router } from "express"
import { readCsrfToken, readProviders } from "./ask-auth.js"
import { notesOf } from "./notes.js"
import { sendPage } from "./views/send-page.js"
import { signInPage } from "./views/sign-in-page.js"
import { signOutPage } from "./views/sign-out-page.js"

/**
 * Pages of our own for signing in and out, where Auth.js would offer a button for every provider, those of lazy users too. Their forms
 * post to Auth.js, which does the work: https://authjs.dev/guides/pages/signin
 */
export function signInRoutes(db: Database, authConfig: LazyAuth): Router {
  const router = Router()
  // `allowLazy` would make a lazy user of a visitor who only looks at these pages.
  const page = optionalSession(authConfig)

  router.get("/signin", page, async (req, res) => {
    const { session } = res.locals
    if (session && !isLazy(session)) return res.redirect(303, "/")
    const left = session ? await notesOf(db, session.user.id).count() : 0
    const { error, code, from } = req.query
    const token = await readCsrfToken(authConfig, req, res)
    const providers = await readProviders(authConfig, req)
    const nonce = randomBytes(16).toString("base64")
    const shown = { session, left, token, providers, nonce, problem: code ?? error, signedOut: from === "signout" }
    sendPage(res, signInPage(shown), { nonce })
  })

  router.get("/signout", page, async (req, res) => {
    const { session } = res.locals
    if (!session) return res.redirect(303, "/signin")
    const count = await notesOf(db, session.user.id).count()
    sendPage(res, signOutPage({ session, count, token: await readCsrfToken(authConfig, req, res) }))
  })

  return router
}
