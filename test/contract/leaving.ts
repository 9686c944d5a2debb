import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"
import { Visitor } from "./gate-contract-visitor.js"

/** Describes a way to leave a handler behind allowLazy, and the answer expected. */
export interface Leaving {
  path: string
  status: number
  method?: "GET" | "POST"
  /** Path of the redirect. */
  location?: string
  /** Text that the body contains. */
  body?: string
  /** True when the handler removes the session cookie, which wins over the gate. */
  signsOut?: true
}

/**
 * Tests that a new session reaches the browser however the handler ends, that no shared cache keeps
 * it, and that the next page finds the same user.
 * @param start starts an app with `/` as in the gate's contract, and the paths of `ways` behind
 * allowLazy
 */
export function describeLeaving(
  name: string,
  start: (config: LazyConfig) => Promise<{ port: number; close: () => Promise<void> }>,
  ways: Record<string, Leaving>,
): void {
  describe(`leaving a handler in ${name}`, () => {
    const app = new FlowApp("database")
    let server: Awaited<ReturnType<typeof start>>

    beforeAll(async () => {
      app.database = await postgresDatabase()
      server = await start({ ...app.config, lazy: { limits: { perAddress: false } } })
    })
    afterEach(() => void app.logged.splice(0))
    afterAll(async () => {
      await server?.close()
      await app.database.close()
    })

    it.each(Object.entries(ways))("%s", async (_, { path, status, method = "GET", location, body, signsOut }) => {
      const visitor = new Visitor(server.port)
      const headers = { origin: visitor.origin, "sec-fetch-site": "same-origin" }
      const before = await app.count('"user"')
      const answer = await visitor.visit(path, method === "POST" ? { form: { text: "a note" }, headers } : {})
      expect(answer.status).toBe(status)
      if (location !== undefined)
        expect(new URL(answer.headers.get("location") ?? "", visitor.origin).pathname).toBe(location)
      if (body !== undefined) expect(await answer.text()).toContain(body)
      expect(answer.headers.getSetCookie().join("\n")).toContain("authjs.session-token=")
      expect(answer.headers.get("cache-control")).toMatch(/private|no-store/)
      expect(answer.headers.get("cache-control")).not.toMatch(/public/)
      expect(answer.headers.get("vary")).toMatch(/cookie/i)
      const [made] = await app.database.query(`select id from "user" order by "lazySince" desc limit 1`)
      expect(await app.count('"user"')).toBe(before + 1)
      if (signsOut) return void expect(await visitor.sessionCookie()).toBeUndefined()
      expect((await visitor.page()).session?.user.id).toBe(made?.id)
      expect(await app.count('"user"')).toBe(before + 1)
    })
  })
}
