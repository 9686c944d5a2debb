import { authHandler, initAuthConfig } from "@hono/auth-js"
import { serve } from "@hono/node-server"
import { allowLazy, requireReal } from "authjs-lazy/hono"
import { convertPage } from "authjs-lazy/pages"
import { Hono } from "hono"
import { authConfig } from "./auth.js"
import { addNote, createTables, notesOf } from "./db.js"
import { homePage } from "./page.js"

await createTables()

const app = new Hono()
app.use(
  "*",
  initAuthConfig((c) => authConfig(c)),
)
app.use("/auth/*", authHandler())
const convert = convertPage(authConfig)
app.all("/convert", (c) => convert(c.req.raw, c))

// Everyone who opens this page is a user from here on.
app.get("/", allowLazy(authConfig), async (c) => {
  const session = c.get("session")
  return c.html(homePage(session, session ? await notesOf(session.user.id) : []))
})

app.post("/", allowLazy(authConfig), async (c) => {
  const session = c.get("session")
  const { text } = await c.req.parseBody()
  if (session) await addNote(session.user.id, String(text))
  return c.redirect("/", 303)
})

app.get("/account", requireReal(authConfig, { redirectTo: "/convert" }), (c) =>
  c.text(`The account of ${c.get("session").user.username}`),
)

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, (address) => console.log("listening on", address))
