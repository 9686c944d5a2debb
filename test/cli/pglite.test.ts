import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type AppFolder, appFolder } from "./app-folder.js"
import { runCommand, spawnCommand } from "./command.js"

let parent: string
let app: AppFolder
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "authjs-lazy-cli-"))
  app = await appFolder()
})
afterAll(async () => {
  await rm(parent, { recursive: true, force: true })
  await app.remove()
})

it("every command works on a PGlite folder, which migrate makes, by its path and by a configuration", async () => {
  // A path from the current folder.
  const run = (command: string) => runCommand([command, "--database-url", "./data"], { cwd: parent })
  expect(await run("migrate")).toMatchObject({ code: 0, stderr: "" })
  expect((await run("migrate")).stdout).toContain("Nothing to do")
  expect(await run("doctor")).toMatchObject({ code: 0, stderr: "" })

  const folder = join(parent, "data")
  const client = await PGlite.create(folder)
  await client.query(
    `insert into "user" (id, "lazySince", "seenAt") select n, now() - interval '41 days', now() - n * interval '14 days'
      from generate_series(1, 3) n`,
  )
  await client.close()
  const purged = await run("purge")
  expect(purged).toMatchObject({ code: 0, stderr: "" })
  expect(purged.stdout).toContain("Purged 1 lazy user last seen")

  await app.write(
    "lazy.config.mjs",
    `import { PGlite } from "@electric-sql/pglite"
    import { LazyProvider, withLazy } from "authjs-lazy"
    import { LazyAdapter } from "authjs-lazy/drizzle"
    import { drizzle } from "drizzle-orm/pglite"
    const db = drizzle(await PGlite.create("${folder}"))
    export const authConfig = withLazy({ adapter: LazyAdapter(db), providers: [LazyProvider()], session: { maxAge: 20 * 24 * 3600 } })`,
  )
  const byConfig = await spawnCommand(["purge", "--json"], { cwd: app.path })
  expect(byConfig.code).toBe(0)
  expect(JSON.parse(byConfig.stdout)).toMatchObject({ purged: 1 })
  // The command closed the folder properly.
  expect((await run("stats")).stdout).toMatch(/^Lazy users now +1\n/)
}, 120_000)
