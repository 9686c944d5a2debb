import { createRequire } from "node:module"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest"
import { launchChromium } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { freePort } from "../setup/free-port.js"
import { packedTarball } from "../setup/installed-package.js"
import { type FollowedGuide, followGuide, type Instead } from "./follow-guide.js"

const nextAuth = createRequire(import.meta.url)("next-auth/package.json").version as string

/** How to make the development server of a framework listen on this machine alone. */
const HOST: Record<string, string> = { nextjs: "--hostname 127.0.0.1", sveltekit: "--host 127.0.0.1" }

// A headless browser says so, and is taken for a bot.
const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

describe.each(["nextjs", "express", "hono", "sveltekit"])("docs/guides/%s.md, typed as it stands", (name) => {
  let database: PostgresDatabase
  let guide: FollowedGuide
  beforeAll(async () => {
    database = await emptyPostgres()
    const port = await freePort()
    // What differs on each machine: the database, the port, and the package that isn't published yet.
    const instead: Instead = [
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
    const page = await browser.newPage({ userAgent })
    // A development server compiles each page when it is first asked for.
    page.setDefaultTimeout(150_000)
    onTestFailed(async () => console.error(guide.output(), await page.innerText("body")))
    await page.goto(guide.origin)
    await page.getByText("You are guest-").waitFor()
    await page.getByLabel("Note").fill("bread")
    await page.getByRole("button", { name: "Add" }).click()
    await page.getByRole("listitem").getByText("bread").waitFor()
    const before = await database.query(`select id from "user"`)
    expect(before).toHaveLength(1)
    await page.getByText("Make an account").click()
    await page.getByLabel(/user ?name/i).fill("ada")
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple")
    await page.getByLabel("Password again").fill("correct horse battery staple")
    await page.getByRole("button", { name: "Make my account" }).click()
    await page.getByText("You are ada.").waitFor()
    await page.getByRole("listitem").getByText("bread").waitFor()
    expect(await database.query(`select id, username from "user"`)).toEqual([{ ...before[0], username: "ada" }])
  }, 180_000)
})
