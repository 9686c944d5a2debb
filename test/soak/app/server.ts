import { sql } from "drizzle-orm"
import express, { type ErrorRequestHandler, type RequestHandler } from "express"
import { allowLazy, expressAuth } from "../../../src/express.js"
import { makeAuth, openDatabase } from "./auth.js"
import { obeyClock } from "./clock.js"

/** Connections of each process's pool. */
const POOL = 8

obeyClock()
const { db, pool } = openDatabase(POOL)
const authConfig = makeAuth(db)
const app = express()

/** Writes a row of the visitor's, and answers with its id once the database has it. */
function write(table: "note" | "mark"): RequestHandler {
  return async (req, res) => {
    const { user } = res.locals.session ?? {}
    if (!user) return void res.status(409).json({ error: "no session" })
    const id = crypto.randomUUID()
    const { writer, text = "" } = req.body as { writer: string; text?: string }
    const insert = sql`insert into ${sql.identifier(table)} (id, "userId", writer, text) values (${id}, ${user.id}, ${writer}, ${text})`
    try {
      await db.execute(insert)
    } catch (error) {
      // What the app's own statement throws is the app's to answer.
      return void res.status(500).json({ failedInsert: table, ...tell(error as Error) })
    }
    res.json({ id, userId: user.id })
  }
}

const tell = ({ message, cause }: Error) => ({ error: message, cause: String(cause ?? "") })

/** Answers what the library hands on instead of answering it, which breaks a promise. */
const answerError: ErrorRequestHandler = (error: Error, _req, res, _next) => {
  res.status(500).json(tell(error))
}

app.use("/auth", expressAuth(authConfig))
app.get("/vitals", (_req, res) => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  res.json({ pid: process.pid, uptime: process.uptime(), heap: heapUsed, rss, pool: pool() })
})
app.get("/", allowLazy(authConfig), (_req, res) => void res.json(res.locals.session))
app.post("/note", allowLazy(authConfig), express.json(), write("note"))
app.post("/mark", allowLazy(authConfig), express.json(), write("mark"))
app.use(answerError)
app.listen(Number(process.env.PORT), "127.0.0.1", () => process.send?.({ listening: true }))
process.on("disconnect", () => process.exit())
