import { allowLazy, expressAuth, requireReal, webHandler } from "authjs-lazy/express"
import { convertPage } from "authjs-lazy/pages"
import express from "express"
import { auth } from "./auth.js"
import { addNote, createTables, notesOf } from "./db.js"
import { homePage } from "./page.js"

await createTables()

const app = express()
app.use("/auth", expressAuth(auth))
app.all("/convert", webHandler(convertPage(auth)))

// Whoever opens this page is a user from here on.
app.get("/", allowLazy(auth), async (_req, res) => {
  const { session } = res.locals
  res.send(homePage(session ?? null, session ? await notesOf(session.user.id) : []))
})

app.post("/", allowLazy(auth), express.urlencoded({ extended: false }), async (req, res) => {
  const { session } = res.locals
  if (session) await addNote(session.user.id, String(req.body.text))
  res.redirect(303, "/")
})

app.get("/account", requireReal(auth, "/convert"), (_req, res) => {
  res.type("text").send(`The account of ${res.locals.session?.user.username}`)
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => console.log("listening on", server.address()))
