import { Hono } from "hono"
import { deleteCookie } from "hono/cookie"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allowLazy } from "../../src/hono.js"
import { withLazy } from "../../src/index.js"
import { CHROME } from "../contract/gate-contract-visitor.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

describe("the gate's headers in Hono", () => {
  const app = new FlowApp("database")
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  const routes = () =>
    new Hono()
      .use("*", async (c, next) => {
        c.header("x-before", "yes")
        await next()
      })
      .use("*", allowLazy(withLazy(app.config)))
      .get("/plain", (c) => c.text("ok"))
      .get("/own", () => new Response("ok", { headers: { "set-cookie": "theme=dark", vary: "Accept" } }))
      .get("/locked", () => Response.redirect("http://app.test/plain"))
      .get("/leave", (c) => {
        deleteCookie(c, "authjs.session-token")
        return c.text("gone")
      })
      .get("/public", (c) => c.text("ok", 200, { "cache-control": "no-store" }))
      .get("/failing", () => {
        throw new RangeError("from the handler")
      })
      .onError((error, c) => c.text(error.name, 500))

  const get = async (path: string) => {
    const { status, headers } = await routes().request(`http://app.test${path}`, { headers: { "user-agent": CHROME } })
    return { status, headers, cookies: headers.getSetCookie().map((cookie) => cookie.split("=")[0]) }
  }

  it.each([
    ["/plain", 200],
    ["/locked", 302],
    ["/failing", 500],
  ])("are on the answer of %s", async (path, expected) => {
    const { status, headers, cookies } = await get(path)
    expect([status, cookies]).toEqual([expected, ["authjs.session-token"]])
    expect(headers.get("vary")).toBe("Cookie")
    expect(headers.get("cache-control")).toBe("private, no-store")
  })

  it("stand beside those of the handler", async () => {
    const { headers, cookies } = await get("/own")
    expect(cookies).toEqual(["authjs.session-token", "theme"])
    expect(headers.get("vary")).toBe("Accept, Cookie")
    expect((await get("/public")).headers.get("cache-control")).toBe("no-store")
    expect((await get("/plain")).headers.get("x-before")).toBe("yes")
  })

  it("let the handler have the last word on the cookie", async () => {
    const { headers } = await get("/leave")
    expect(headers.getSetCookie().at(-1)).toMatch(/^authjs\.session-token=; Max-Age=0/)
  })
})
