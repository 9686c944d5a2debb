import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { secret } from "../setup/flow-app.js"
import { type Installed, installExample, type Running, startProcess } from "./installed.js"
import { walkNotes } from "./notes-story.js"

describe.each(["express", "hono"])("the example for %s", (name) => {
  let example: Installed
  let database: PostgresDatabase
  let server: Running | undefined

  beforeAll(async () => {
    ;[example, database] = await Promise.all([installExample(name), emptyPostgres()])
  }, 180_000)
  afterEach(async () => {
    await server?.stop()
    server = undefined
  })
  afterAll(() => Promise.all([example?.remove(), database?.close()]))

  const walk = async () => {
    const env = { DATABASE_URL: database.url, AUTH_SECRET: secret }
    server = await startProcess(example.folder, "node_modules/.bin/tsx", ["server.ts"], env)
    await walkNotes(server.port, database)
  }

  it("keeps a note from the first click through signing up, after its README's steps", async () => {
    await example.run("npm", ["run", "migrate", "--", "--database-url", database.url])
    await walk()
  })

  it("passes the checks of TypeScript, sessions without casts included", { timeout: 120_000 }, async () => {
    await expect(example.run("node_modules/.bin/tsc", [])).resolves.toBe("")
  })

  if (name === "express")
    it("keeps it too where the app has Express 4 and no other", { timeout: 120_000 }, async () => {
      await example.run("npm", [
        "install",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "express@4",
      ])
      const found = await example.run("npm", ["ls", "express", "--json", "--all"])
      expect(found.match(/"version": "5\./g)).toBeNull()
      await walk()
    })
})
