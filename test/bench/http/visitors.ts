import type { BenchDatabase } from "../database/databases.js"
import { csrfCookie, newCsrfPair } from "../load/csrf.js"
import type { RequestShape, Requests } from "../load/load.js"
import { secret } from "../servers/secret.js"
import { type Scenario, unknownVisitors } from "./scenarios.js"

const VISITORS = 64

/** A visitor with a session: the `Cookie` header, and the id of the user. */
export interface Visitor {
  cookie: string
  user: string
}

/** The requests to measure a scenario with. Visitors who have a session are made here. */
export async function requestsFor(scenario: Scenario, origin: string, database: BenchDatabase): Promise<Requests> {
  return scenario.from === "visitors" ? visitorsFor(scenario, origin, database) : unknownVisitors(scenario)
}

async function visitorsFor(scenario: Scenario, origin: string, database: BenchDatabase): Promise<Requests> {
  const visitors: Visitor[] = []
  for (let made = 0; made < VISITORS; made++) visitors.push(await newVisitor(scenario, origin, database))
  const requests = visitors.map(({ cookie }) => withCookie(scenario.request, cookie))
  return { kind: "visitors", requests, users: visitors.map(({ user }) => user) }
}

/**
 * Returns the user whose session is in these cookies, by the server's answer; undefined without a
 * session.
 */
export async function whoIs(cookie: string, session: RequestShape, origin: string): Promise<string | undefined> {
  const response = await send(withCookie(session, cookie), origin)
  const body = (await response.json()) as { user?: string | { id?: string } } | null
  return typeof body?.user === "object" ? body.user.id : body?.user
}

/** The cookies a browser sends after it has got these. */
export function cookieHeader(setCookies: string[]): string {
  return setCookies
    .map((line) => line.split(";")[0] ?? "")
    .filter((pair) => !pair.endsWith("="))
    .join("; ")
}

async function newVisitor({ signIn, request }: Scenario, origin: string, database: BenchDatabase): Promise<Visitor> {
  if (signIn === undefined) throw new Error("The visitors of this scenario have no way to sign in.")
  if (signIn === "rows") return insertVisitor(database)
  const shape = signIn.from === "forms" ? withCsrf(signIn.request) : signIn.request
  const response = await send(shape, origin)
  const cookie = cookieHeader(response.headers.getSetCookie())
  await response.arrayBuffer()
  const user = await whoIs(cookie, request, origin)
  if (user === undefined) throw new Error(`${shape.path} answered ${response.status}, and signed nobody in.`)
  return { cookie, user }
}

async function insertVisitor({ admin }: BenchDatabase): Promise<Visitor> {
  const [row] = await admin<{ token: string; user: string }[]>`
    with visitor as (
      insert into "user" ("id", "name", "username", "lazySince", "seenAt")
      values (uuidv7()::text, 'Visitor', gen_random_uuid()::text, now(), now()) returning "id"
    )
    insert into "session" ("sessionToken", "userId", "expires")
    select gen_random_uuid()::text, "id", now() + interval '30 days' from visitor
    returning "sessionToken" as token, "userId" as user`
  if (!row) throw new Error("The visitor was not written.")
  return { cookie: `authjs.session-token=${row.token}`, user: row.user }
}

function withCookie(request: RequestShape, cookie: string): RequestShape {
  return { ...request, headers: { ...request.headers, cookie } }
}

function withCsrf(request: RequestShape): RequestShape {
  const { token, cookie } = newCsrfPair(secret)
  return { ...withCookie(request, csrfCookie(cookie)), body: `${request.body}&csrfToken=${token}` }
}

async function send({ method, path, headers, body }: RequestShape, origin: string): Promise<Response> {
  const request = new Request(`${origin}${path}`, { method, headers, body, redirect: "manual" })
  return fetch(request)
}
