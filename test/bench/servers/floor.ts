import { randomUUID } from "node:crypto"
import { parseCookie } from "cookie"
import { v7 as uuidv7 } from "uuid"
import { connect } from "./connect.js"
import { serveNode } from "./serve.js"

const MONTH_MS = 30 * 24 * 60 * 60 * 1000
const sql = connect()

/**
 * The lower bound of every server: node:http with the minimal statements for a sign-in or a session
 * read.
 */
const routes: Record<string, (cookie: string) => Promise<{ user?: unknown; cookie?: string }>> = {
  "/nothing": async () => ({}),
  "/insert": async () => {
    const now = new Date()
    const [user] = await sql`
      insert into "user" ("id", "username", "lazySince", "seenAt") values (${uuidv7()}, ${randomUUID()}, ${now}, ${now}) returning *`
    return { user: user?.id }
  },
  "/insert-both": async () => {
    const now = new Date()
    const token = randomUUID()
    const [user] = await sql`
      with new_user as (
        insert into "user" ("id", "username", "lazySince", "seenAt") values (${uuidv7()}, ${randomUUID()}, ${now}, ${now}) returning *
      ), new_session as (
        insert into "session" ("sessionToken", "userId", "expires")
        select ${token}, "id", ${new Date(now.valueOf() + MONTH_MS)} from new_user
      )
      select * from new_user`
    return { user: user?.id, cookie: `authjs.session-token=${token}; Path=/; HttpOnly; SameSite=Lax` }
  },
  "/select": async (cookie) => {
    const [user] = await sql`
      select * from "session" join "user" on "user"."id" = "session"."userId"
      where "session"."sessionToken" = ${parseCookie(cookie)["authjs.session-token"] ?? ""}`
    return { user: user?.id }
  },
}

await serveNode(async (req, res) => {
  const route = routes[req.url ?? ""]
  if (!route) return void res.writeHead(404).end()
  const { user, cookie } = await route(req.headers.cookie ?? "")
  res.setHeader("content-type", "application/json")
  if (cookie) res.setHeader("set-cookie", cookie)
  res.end(JSON.stringify({ user }))
})
