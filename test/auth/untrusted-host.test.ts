import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gate, handleAuth, withLazy } from "../../src/index.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"
import { everythingOf } from "../setup/used-values.js"

const TOKEN = "3f1c9a7be0d24f6c8a5b1e2d3c4f5a6b"

describe("a host that is not trusted", () => {
  const app = new FlowApp("database")
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  it.each([
    `/auth/callback/nodemailer?token=${TOKEN}&email=ada%40example.com`,
    `/auth/callback/github?code=${TOKEN}&state=s`,
    `/reset/${TOKEN}`,
  ])("is logged without what the address holds: %s", async (path) => {
    app.logged.length = 0
    const auth = withLazy({ ...app.config, trustHost: false })
    const request = () => new Request(`http://app.test${path}`, { headers: { accept: "text/html" } })
    const told: unknown[] = [await gate(request(), auth).catch((error: unknown) => error)]
    if (path.startsWith("/auth/")) {
      const answer = await handleAuth(request(), auth)
      expect(answer.status).toBe(500)
      told.push(await answer.text())
    }
    expect(app.logged.map(({ name }) => name)).toContain("UntrustedHost")
    const text = [...app.logged, ...told].map(everythingOf).join("\n")
    expect(text).toContain("http://app.test")
    expect(text).not.toContain(TOKEN)
    expect(text).not.toContain("ada%40")
  })
})
