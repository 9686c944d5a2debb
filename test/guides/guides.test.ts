import { createRequire } from "node:module"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { freePort } from "../setup/free-port.js"
import { packedTarball } from "../setup/installed-package.js"
import { followGuide, type Instead, type Reader } from "./follow-guide.js"
import { addNote, makeAccount, open, seeNotes, signIn, visit } from "./guide-story.js"

const nextAuth = createRequire(import.meta.url)("next-auth/package.json").version as string

/** How to make the development server of a framework listen on this machine alone. */
const HOST: Record<string, string> = { nextjs: "--hostname 127.0.0.1", sveltekit: "--host 127.0.0.1" }

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

describe.each(["nextjs", "express", "hono", "sveltekit"])("docs/guides/%s.md, typed as it stands", (name) => {
  let database: PostgresDatabase
  let guide: Reader
  /** What differs on each machine: the database, the port, and the package that isn't published yet. */
  let instead: Instead
  beforeAll(async () => {
    database = await emptyPostgres()
    const port = await freePort()
    instead = [
      ["postgres://localhost/notes", database.url],
      ["npm install authjs-lazy", `npm install ${packedTarball().path}`],
      ["next-auth@beta", `next-auth@${nextAuth}`],
      ["npm run dev", `npm run dev -- ${HOST[name]} --port ${port}`],
      ["3000", String(port)],
    ]
    guide = await followGuide(`docs/guides/${name}.md`, instead)
  }, 600_000)
  afterAll(async () => {
    await guide?.close()
    await database?.close()
  })

  it("ends with a visitor who writes a note, makes an account and keeps the note under the same id", async () => {
    expect(guide.isDone).toBe(true)
    const page = await visit(browser, guide)
    await addNote(page, "bread & <butter>")
    const before = await database.query(`select id from "user"`)
    expect(before).toHaveLength(1)
    await makeAccount(page, "ada")
    await seeNotes(page, "bread & <butter>")
    expect(await database.query(`select id, username from "user"`)).toEqual([{ ...before[0], username: "ada" }])
    await page.close()
  }, 180_000)

  it("shows a crawler the page, and makes nobody of it", async () => {
    const headers = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)", "sec-fetch-mode": "navigate" }
    const answer = await fetch(guide.origin as string, { headers })
    expect([answer.status, answer.headers.getSetCookie().join()]).toEqual([200, expect.not.stringContaining("session")])
    expect(await answer.text()).toContain("Notes</h1>")
    expect(await database.query(`select 1 from "user"`)).toHaveLength(1)
  })

  it.runIf(name !== "nextjs")("leads a visitor without an account from its settings to the convert page", async () => {
    const page = await open(browser, guide, "/settings")
    const { pathname, searchParams } = new URL(page.url())
    expect([pathname, searchParams.get("callbackUrl")]).toEqual(["/convert", "/settings"])
    await page.close()
    expect(await database.query(`select 1 from "user"`)).toHaveLength(1)
  })

  if (name !== "express") return

  it("takes no note from another site", async () => {
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }
    const body = new URLSearchParams({ text: "spam" })
    expect((await fetch(guide.origin as string, { method: "POST", headers, body })).status).toBe(403)
  })

  it("lets the user sign out, and in again in the middle of another visit, which is merged", async () => {
    const page = await visit(browser, guide)
    await addNote(page, "apples")
    await page.goto("/auth/signin?callbackUrl=/")
    await signIn(page, "ada")
    await seeNotes(page, "bread & <butter>", "apples")
    await page.getByText("Sign out").click()
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.getByText("You are guest-").waitFor()
    await page.close()
    expect(await database.query(`select "lazySince" from "user"`)).toHaveLength(2)
  })

  it("goes on in docs/guides/purge.md, by cron and as a route, until the doctor finds nothing", async () => {
    const page = await visit(browser, guide)
    await addNote(page, "pears")
    await page.close()
    await database.query(`delete from "user" where not exists (select from note where "userId" = "user".id)`)
    guide.open("docs/guides/purge.md", [["/srv/notes", guide.app], ...instead])
    await guide.goToTheEnd()
    const notes = await database.query(
      `select username, text from note join "user" on "user".id = "userId" order by note.id`,
    )
    expect(notes).toEqual(["bread & <butter>", "apples"].map((text) => ({ username: "ada", text })))
    expect((await fetch(`${guide.origin}/purge`)).status).toBe(401)
  }, 180_000)

  it("works with Express 4 and no other", async () => {
    await guide.type("npm install express@4")
    const found = await guide.type("npm ls express --json --all")
    expect(found).toMatch(/"version": "4\./)
    expect(found).not.toMatch(/"version": "5\./)
    await guide.type("npx tsx --env-file=.env server.ts")
    await addNote(await visit(browser, guide), "plums")
  }, 180_000)
})
