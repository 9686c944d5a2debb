import type { GateSession, LazyAuth } from "authjs-lazy"
import type { Database } from "authjs-lazy/drizzle"
import { allowLazy } from "authjs-lazy/express"
import { type RequestHandler, Router, urlencoded } from "express"
import { type Notes, notesOf, readNote } from "./notes.js"
import { sameOrigin } from "./same-origin.js"
import { notePage } from "./views/note-page.js"
import { homePage, notesPage } from "./views/notes-page.js"
import { sendPage } from "./views/send-page.js"

/** Shows and changes notes. A visitor may read for nothing: the first note makes the lazy user. */
export function notesRoutes(db: Database, authConfig: LazyAuth): Router {
  const page = [allowLazy(authConfig, { on: "write" })]
  const form = [sameOrigin, ...page, urlencoded({ extended: false, limit: "64kb" })]
  const router = Router()

  // Comes before the gate, so that no user is made for an address that can't exist.
  router.param("id", (_req, _res, next, id) => next(UUID.test(id) ? undefined : "route"))

  router.get(
    "/",
    page,
    withNotes(async ({ session, notes }, _req, res) => {
      sendPage(res, notesPage({ session, notes: await notes.list() }))
    }),
  )

  router.post(
    "/",
    form,
    withNotes(async ({ session, notes }, req, res) => {
      const input = readNote(req.body?.text)
      if (!input.ok) return sendPage(res.status(422), notesPage({ session, notes: await notes.list(), refused: input }))
      await notes.add(input.text)
      res.redirect(303, "/")
    }),
  )

  router.get(
    "/notes/:id",
    page,
    withNotes(async ({ session, notes }, req, res, next) => {
      const note = await notes.find(req.params.id)
      if (!note) return next()
      sendPage(res, notePage({ session, note }))
    }),
  )

  router.post(
    "/notes/:id",
    form,
    withNotes(async ({ session, notes }, req, res, next) => {
      const { id } = req.params
      const input = readNote(req.body?.text)
      if (!input.ok) {
        const note = await notes.find(id)
        return note ? sendPage(res.status(422), notePage({ session, note, refused: input })) : next()
      }
      if (!(await notes.change(id, input.text))) return next()
      res.redirect(303, "/")
    }),
  )

  router.post(
    "/notes/:id/delete",
    form,
    withNotes(async ({ notes }, req, res, next) => {
      if (!(await notes.remove(req.params.id))) return next()
      res.redirect(303, "/")
    }),
  )

  return router

  /** Runs a handler that needs a session. */
  function withNotes(handle: NotesHandler): RequestHandler<{ id: string }> {
    return (req, res, next) => {
      const { session } = res.locals
      if (session) return handle({ session, notes: notesOf(db, session.user.id) }, req, res, next)
      // The gate makes no user for a bot, even when it writes.
      if (req.method !== "GET") return sendPage(res.status(403), homePage())
      return req.path === "/" ? sendPage(res, homePage()) : next()
    }
  }
}

type Handler = RequestHandler<{ id: string }>
type NotesHandler = (visit: { session: GateSession; notes: Notes }, ...rest: Parameters<Handler>) => Promise<void>

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
