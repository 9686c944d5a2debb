import { allowLazy, expressAuth, requireReal, webHandler } from "authjs-lazy/express"
import { convertPage } from "authjs-lazy/pages"
import express from "express"
import { authConfig } from "./auth.js"
import { addNote, createTables, notesOf } from "./db.js"
import { homePage } from "./page.js"

await createTables()

const app = express()
app.use("/auth", expressAuth(authConfig))
app.all("/convert", webHandler(convertPage(authConfig)))

// Everyone who opens this page is a user from here on.
app.get("/", allowLazy(authConfig), async (_req, res) => {
  const { session } = res.locals
  res.send(homePage(session, session ? await notesOf(session.user.id) : []))
})

app.post("/", allowLazy(authConfig), express.urlencoded({ extended: false }), async (req, res) => {
  const { session } = res.locals
  if (session) await addNote(session.user.id, String(req.body.text))
  res.redirect(303, "/")
})

app.get("/account", requireReal(authConfig, { redirectTo: "/convert" }), (_req, res) => {
  res.type("text").send(`The account of ${res.locals.session.user.username}`)
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => console.log("listening on", server.address()))
