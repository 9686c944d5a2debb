import { fileURLToPath } from "node:url"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { freePort } from "../setup/free-port.js"
import { packedTarball } from "../setup/installed-package.js"
import { followGuide, type Instead, type Reader } from "./follow-guide.js"
import { addNote, convertAndMerge, visit } from "./guide-story.js"

let browser: Browser
let database: PostgresDatabase
let guide: Reader

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

/** Types a guide on tables until its server runs. */
async function follow(path: string, more: Instead = [], env: Record<string, string> = {}): Promise<void> {
  database = await emptyPostgres()
  const instead: Instead = [
    ...more,
    ["postgres://localhost/notes", database.url],
    ["npm install authjs-lazy", `npm install ${packedTarball().path}`],
    ["3000", String(await freePort())],
  ]
  guide = await followGuide(path, instead, env)
}

async function close(): Promise<void> {
  await guide?.close()
  await database?.close()
}

describe("docs/guides/own-tables.md, typed as it stands", () => {
  beforeAll(() => follow("docs/guides/own-tables.md"), 300_000)
  afterAll(close)

  it("ends with an account into which a second visit was merged, and its rows", async () => {
    await convertAndMerge(browser, guide)
    await guide.goToTheEnd()
    const columns = await database.query(
      "select column_name as name from information_schema.columns where table_name = 'users' and column_name like '%\\_%'",
    )
    expect(columns.map(({ name }) => name).toSorted()).toEqual(
      ["converted_at", "created_at", "email_verified", "lazy_since", "seen_at"].toSorted(),
    )
  }, 120_000)
})

describe("docs/guides/prisma.md, typed as it stands", () => {
  const push = fileURLToPath(new URL("prisma-push.mjs", import.meta.url))
  const engine = "@prisma/schema-engine-wasm@7.10.0-7.561d7b42579a2459cc8edf3788918b626c640023"

  beforeAll(async () => {
    const instead: Instead = [
      // The engine behind this command is a program that npm doesn't have.
      ["npx prisma db push", `cp ${push} . && node --env-file=.env prisma-push.mjs`],
      ["--save-dev prisma", `--save-dev ${engine} prisma`],
    ]
    // Prisma looks for that engine when it is installed and when it generates, and would download it.
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" }
    await follow("docs/guides/prisma.md", instead, { ...env, npm_config_ignore_scripts: "true" })
  }, 300_000)
  afterAll(close)

  it("ends with an account into which a second visit was merged, as Prisma could have written it", async () => {
    await convertAndMerge(browser, guide)
    await guide.goToTheEnd()
    const [ada, ...others] = await database.query(`select id, username from "User"`)
    expect([ada?.username, others]).toEqual(["ada", []])
    // What Prisma requires of each row, and PostgreSQL does not make.
    expect(await count(`"User" where "updatedAt" is null or "updatedAt" > localtimestamp + interval '1 day'`)).toBe(0)
    expect(await count(`"Session" where "updatedAt" is not null and "userId" = '${ada?.id}'`)).toBe(2)
  }, 120_000)

  it("is purged by the command, with the notes of PrismaClient", async () => {
    const page = await visit(browser, guide)
    await addNote(page, "forgotten")
    await page.close()
    await database.query(`update "User" set "seenAt" = now() - interval '1 year' where "convertedAt" is null`)
    await database.query(`update "Session" set expires = now() - interval '1 year'`)
    const purge = "npx tsx node_modules/authjs-lazy/dist/cli/main.js purge --config auth.ts --json"
    expect(await guide.type(purge)).toContain('"purged":1,')
    expect(await database.query(`select text from "Note" order by text`)).toEqual([
      { text: "apples" },
      { text: "bread" },
    ])
  }, 120_000)
})
