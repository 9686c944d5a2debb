import { drizzle } from "drizzle-orm/postgres-js"
import { expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { gate, handleAuth, type LazyAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { describeFlows } from "../setup/flow-app.js"
import { freshName, goodForm } from "./page-app.js"

const HTML = { accept: "text/html", "sec-fetch-mode": "navigate" }

describeFlows("one request", (app, strategy) => {
  const isDatabase = strategy === "database"
  /**
   * The statements that the last request sent to the database, and the configurations that it
   * built.
   */
  const seen = { statements: [] as string[], configurations: 0 }

  /** A browser of an app whose pages are gated, but for the convert page at /account. */
  function counted(lazy: LazyConfig["lazy"] = {}, callbacks: LazyConfig["callbacks"] = {}): Browser {
    const { sql } = app.database as PostgresDatabase
    const logger = { logQuery: (statement: string) => void seen.statements.push(statement) }
    const made = withLazy({ ...app.config, adapter: LazyAdapter(drizzle(sql, { logger })), lazy, callbacks })
    const auth = ((request) => {
      seen.configurations += 1
      return made(request)
    }) as LazyAuth
    const page = convertPage(auth)
    const answer = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith("/auth/")) return handleAuth(request, auth)
      if (pathname === "/account") return page(request)
      const result = await gate(request, auth)
      return Response.json(result.session, { status: result.open ? 200 : result.status, headers: result.headers })
    }
    return new Browser("http://app.test", (request) => {
      Object.assign(seen, { statements: [], configurations: 0 })
      return answer(request)
    })
  }

  /** The statements that read who is signed in. */
  const reads = () =>
    seen.statements.filter((statement) =>
      isDatabase
        ? /^select .* from "session" inner join "user"/.test(statement)
        : /^select .* from "user" where "user"."id" = \$1$/.test(statement),
    )

  const visit = (browser: Browser) => browser.visit("/page", { headers: HTML })
  const send = async (browser: Browser, form: Record<string, string>) => {
    const csrfToken = await browser.csrfToken()
    return browser.visit("/account", { headers: HTML, form: { csrfToken, ...form } })
  }

  it("makes a lazy user at a first visit by one statement, and reads no session", async () => {
    const browser = counted()
    expect(await (await visit(browser)).json()).toMatchObject({ user: { isLazy: true } })
    expect(seen.statements).toHaveLength(1)
    expect(reads()).toEqual([])
    expect(seen.configurations).toBe(1)
  })

  it.for([
    // A token is believed for a while.
    { recheck: 300, expected: isDatabase ? 1 : 0 },
    { recheck: 0, expected: 1 },
  ])("reads the session of a later visit $expected times, with recheck: $recheck", async ({ recheck, expected }) => {
    const browser = counted({ recheck })
    await visit(browser)
    expect(await (await visit(browser)).json()).toMatchObject({ user: { isLazy: true } })
    expect(reads()).toHaveLength(expected)
    expect(seen.statements).toHaveLength(expected)
    expect(seen.configurations).toBe(1)
  })

  it("reads an ended session once before it makes a new lazy user", async () => {
    const browser = counted({ recheck: 0 })
    const { user } = (await (await visit(browser)).json()) as { user: { id: string } }
    await app.database.query(`delete from "user" where id = '${user.id}'`)
    expect((await visit(browser)).status).toBe(307)
    expect(await (await visit(browser)).json()).toMatchObject({ user: { isLazy: true } })
    // The new token is checked as well, with `recheck: 0`.
    expect(reads()).toHaveLength(isDatabase ? 1 : 2)
    expect(seen.statements).toHaveLength(reads().length + 1)
    expect(seen.configurations).toBe(1)
  })

  it.for([300, 0])("reads one session for a form that converts, with recheck: %d", async (recheck) => {
    const browser = counted({ recheck })
    const { user } = (await (await visit(browser)).json()) as { user: { id: string } }
    const answer = await send(browser, goodForm())
    expect(answer.status).toBe(303)
    expect(reads()).toHaveLength(1)
    expect(seen.configurations).toBe(1)
    expect((await browser.session())?.user).toMatchObject({ id: user.id, isLazy: false })
  })

  it.for([300, 0])("reads one session for a form that is refused, with recheck: %d", async (recheck) => {
    const browser = counted({ recheck })
    await visit(browser)
    expect((await send(browser, goodForm("a b"))).status).toBe(422)
    expect(reads()).toHaveLength(1)
    expect(seen.statements).toHaveLength(1)
    expect(seen.configurations).toBe(1)
  })

  it("shows the user of a form that signs up, with one configuration", async () => {
    const browser = counted()
    const username = freshName()
    const csrfToken = await browser.csrfToken()
    const form = { csrfToken, ...goodForm(username) }
    const answer = await browser.visit("/account", { headers: { accept: "application/json" }, form })
    expect(await answer.json()).toMatchObject({ ok: true, user: { username, isLazy: false } })
    expect(seen.configurations).toBe(1)
  })

  it("shows the session row as the database has it to the app's session callback after a conversion", async () => {
    const rows: unknown[] = []
    const session: NonNullable<LazyConfig["callbacks"]>["session"] = ({ session }) => {
      rows.push({ ...session, user: undefined })
      return session
    }
    const browser = counted({}, { session })
    await visit(browser)
    await send(browser, goodForm())
    if (isDatabase) {
      const token = await browser.sessionCookie()
      const [row] = await app.database.query(`select * from session where "sessionToken" = '${token}'`)
      expect(rows.at(-1)).toEqual({ ...row, expires: new Date(row?.expires as string), user: undefined })
    } else expect(rows.at(-1)).toEqual({ expires: expect.any(String), user: undefined })
  })
})
