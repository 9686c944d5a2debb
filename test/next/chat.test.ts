import { execFile } from "node:child_process"
import { readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { encode } from "next-auth/jwt"
import type { Browser as Chromium, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { blocksOf, chatbot, page as pageOf } from "../docs/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { launchChromium } from "../setup/chromium.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { findViolations, takePicture, userAgent } from "../setup/demo-server.js"
import { password, secret } from "../setup/flow-app.js"
import { packedTarball } from "../setup/installed-package.js"
import { folderToInstall, linkExamplePackages, takeNativeCode } from "../setup/npm-install.js"
import { buildInPlace, freePort, type StartedApp } from "./next-app.js"

const source = fileURLToPath(new URL("../../docs/examples/chat", import.meta.url))
/** The commands of the page, in order. */
const commands = blocksOf(pageOf(chatbot)).flatMap(({ language, code }) =>
  language === "sh" ? code.trim().split("\n") : [],
)
const COOKIE = "authjs.session-token"

/** A user as the app made it before the port, with the token that it gave to the browser. */
interface OldUser {
  id: string
  email: string
  token: string
}

let folder: string
let database: PostgresDatabase
let app: StartedApp
let env: Record<string, string>
let old: OldUser[]
let adoptedByDryRun: number

/** The commands of the page that were typed, in order, each the first time. */
const followed = new Set<string>()

/** Types a command of the page in the app. */
async function follow(command: string): Promise<void> {
  expect(commands).toContain(command)
  followed.add(command)
  await type(command.replace("npm install authjs-lazy", `npm install ${packedTarball().path}`))
}

async function type(command: string): Promise<void> {
  const npm = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_ignore_scripts: "true" }
  await promisify(execFile)("bash", ["-c", command], { cwd: folder, env: { ...process.env, ...npm, ...env } })
}

/** Makes a token with the claims of the app before the port: see `auth.ts` in port.diff. */
function oldToken({ id, email }: { id: string; email: string }): Promise<string> {
  const claims = { sub: id, id, email, type: email.startsWith("guest-") ? "guest" : "regular" }
  return encode({ token: claims as Parameters<typeof encode>[0]["token"], secret, salt: COOKIE })
}

const journal = () => join(folder, "lib/db/migrations/meta/_journal.json")

beforeAll(async () => {
  ;[folder, database] = await Promise.all([folderToInstall("chat"), emptyPostgres()])
  env = { POSTGRES_URL: database.url, AUTH_SECRET: secret }
  await promisify(execFile)(process.execPath, [`${source}/port.mjs`, folder])
  await linkExamplePackages(folder)
  await type("npm run db:migrate")
  await type("npm run db:seed")
  const users = await database.sql<{ id: string; email: string }[]>`select "id", "email" from "User"`
  old = await Promise.all(users.map(async (user) => ({ ...user, token: await oldToken(user) })))

  await follow("npm install authjs-lazy @auth/core@0.41.3 next-auth@5.0.0-beta.32")
  await takeNativeCode(folder)
  // test/docs/chat-port.test.ts finds each difference of the page in this file. npm has changed package.json.
  await type(`GIT_CEILING_DIRECTORIES='${dirname(folder)}' git apply --exclude=package.json '${source}/port.diff'`)
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
  manifest.scripts.lazy = "tsx node_modules/authjs-lazy/dist/cli/main.js"
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest))

  const bothMigrations = await readFile(journal(), "utf8")
  const { entries, ...rest } = JSON.parse(bothMigrations)
  await writeFile(journal(), JSON.stringify({ ...rest, entries: entries.slice(0, 2) }))
  await follow("npm run db:migrate")
  const adopt = `npm run lazy -- adopt --where "email like 'guest-%'" --created-at createdAt`
  await follow(`${adopt} --dry-run`)
  adoptedByDryRun = await count(`"User" where "lazySince" is not null`)
  await follow(adopt)
  await writeFile(journal(), bothMigrations)
  await follow("npm run db:migrate")
  const built = await buildInPlace(folder)
  // The app before the port goes on until it is replaced.
  await database.query(`insert into "User" ("email", "password") values ('guest-1790000000005', '$2b$10$x')`)
  app = await built.start(await freePort(), env)
  await follow(adopt)
}, 600_000)

afterAll(async () => {
  await app?.close()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const oldUser = (email: string) => old.find((user) => user.email === email) as OldUser
const user = async (id: string) => (await database.query(`select * from "User" where "id" = '${id}'`))[0]
const titles = async (table: "Chat" | "Document", id: string) =>
  (await database.query(`select "title" from "${table}" where "userId" = '${id}' order by "title"`)).map(
    ({ title }) => title,
  )
const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

it("adopts the guests whom the app made by hand, two with one address included, and nobody else", async () => {
  expect(adoptedByDryRun).toBe(0)
  const guests = await database.query(`select * from "User" where "lazySince" is not null`)
  expect(guests).toHaveLength(6)
  for (const { id, email, username, password, seenAt } of guests)
    expect({ email, username, password, seenAt }).toEqual({
      email: `${id}@lazy.invalid`,
      username: expect.stringMatching(/^guest-/),
      password: null,
      seenAt: expect.anything(),
    })
  const real = await database.query(`select "email", left("password", 7) as hash from "User" where "lazySince" is null`)
  expect(real.toSorted((one, other) => String(one.email).localeCompare(String(other.email)))).toEqual([
    { email: "ada@example.com", hash: "$2b$10$" },
    { email: "grace@example.com", hash: "$2b$10$" },
  ])
})

describe("in Chromium", () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchChromium()
  })

  afterAll(() => chromium?.close())

  /** Opens the chat, with the token that the app gave to an old user before the port. */
  async function open({ token }: Partial<OldUser> = {}): Promise<Page> {
    const context = await chromium.newContext({ baseURL: app.origin, userAgent, viewport: { width: 900, height: 600 } })
    context.setDefaultTimeout(20_000)
    if (token) await context.addCookies([{ name: COOKIE, value: token, url: app.origin, httpOnly: true }])
    const page = await context.newPage()
    await page.goto("/")
    return page
  }

  /** Waits for the name in the header and for the chats of the list, which are all it has. */
  async function see(page: Page, name: string, chats: string[], picture: string): Promise<void> {
    await page.getByTestId("user-email").getByText(name, { exact: true }).waitFor()
    const list = page.getByTestId("chats").filter({ visible: true }).locator("a")
    await expect.poll(async () => (await list.allTextContents()).toSorted()).toEqual(chats.toSorted())
    await takePicture(page, `chat-${picture}`)
    expect(await findViolations(page), picture).toEqual([])
  }

  /** Clicks a link, and waits for its page: Next keeps the page before in the DOM, hidden. */
  async function go(page: Page, link: string): Promise<void> {
    await page.getByRole("link", { name: link }).click()
    await page.getByRole("heading", { level: 1, name: link, exact: true }).waitFor()
  }
  async function say(page: Page, text: string): Promise<void> {
    await page.getByRole("textbox", { name: "Message" }).filter({ visible: true }).fill(text)
    await page.getByRole("button", { name: "Send" }).click()
    await page.getByTestId("messages").filter({ visible: true }).getByText(`assistant ${text}`).waitFor()
  }

  /** Fills the form of a page; those that were visited before are still there, hidden. */
  async function fill(page: Page, email: string, typed: string, button: string): Promise<void> {
    await page.locator("input[name=email]").filter({ visible: true }).fill(email)
    await page.locator("input[name=password]").filter({ visible: true }).fill(typed)
    await page.getByRole("button", { name: button }).click()
  }

  it("keeps an old guest signed in, and merges the chats into an account with an old password", async () => {
    const [guest, ada] = [oldUser("guest-1790000000001"), oldUser("ada@example.com")]
    const page = await open(guest)
    await see(page, "Guest", ["Bake me a cake"], "1-old-guest")
    await go(page, "Bake me a cake")
    await say(page, "With candles")

    await go(page, "Log in")
    await fill(page, "ada@example.com", "not lovelace", "Log in")
    await page.getByText("That did not work.").waitFor()
    await fill(page, "ada@example.com", "lovelace", "Log in")
    await see(page, "ada@example.com", ["Bake me a cake", "How do engines think?"], "2-merged")
    await go(page, "Bake me a cake")
    await page.getByText("assistant With candles").waitFor()

    expect(await user(guest.id)).toBeUndefined()
    for (const table of ["Chat", "Document"] as const)
      expect(await titles(table, ada.id)).toEqual(["Bake me a cake", "How do engines think?"])
    expect(await count(`"Suggestion" where "userId" = '${ada.id}'`)).toBe(2)
    // The password is hashed anew, and the old hash is gone.
    expect((await user(ada.id))?.password).toBeNull()
    expect(await count(`"Password" where "userId" = '${ada.id}' and "hash" like '$argon2id$%'`)).toBe(1)

    // Somebody who still has the guest's token doesn't get into the account.
    const left = await open(guest)
    await see(left, "Guest", [], "3-token-left-over")
    await left.context().close()
    await page.context().close()
  }, 90_000)

  it("registers an old guest under the same id, with the chats", async () => {
    const guest = oldUser("guest-1790000000002")
    const page = await open(guest)
    await see(page, "Guest", ["Write me a poem"], "4-old-guest")
    await go(page, "Log in")
    await go(page, "Register")
    await fill(page, "Ada@example.com", password, "Register")
    await page.getByText("This account exists already.").waitFor()
    await fill(page, "emily@example.com", "password", "Register")
    await page.getByText("This password is too easy to guess.").waitFor()
    await fill(page, "emily@example.com", password, "Register")
    await see(page, "emily@example.com", ["Write me a poem"], "5-registered")
    expect(await user(guest.id)).toMatchObject({ email: "emily@example.com", password: null, emailVerified: false })
    expect(await titles("Chat", guest.id)).toEqual(["Write me a poem"])

    await page.getByRole("button", { name: "Sign out" }).click()
    await see(page, "Guest", [], "6-signed-out")
    await say(page, "It was me")
    await go(page, "Log in")
    await fill(page, "emily@example.com", password, "Log in")
    await see(page, "emily@example.com", ["It was me", "Write me a poem"], "7-back")
    await page.context().close()
  }, 90_000)

  it("gives a new visitor a session on the first page, and what a guest may do", async () => {
    const before = await count(`"User"`)
    const page = await open()
    await see(page, "Guest", [], "8-new-visitor")
    expect(await count(`"User"`)).toBe(before + 1)
    for (const text of ["one", "two", "three", "four", "five"]) await say(page, text)
    await page.getByRole("textbox", { name: "Message" }).fill("six")
    await page.getByRole("button", { name: "Send" }).click()
    await page.getByText("You have sent too many messages for now.").waitFor()
    await page.context().close()
  }, 60_000)
})

it("was an app whose types are right before the port, too", async () => {
  const before = join(folder, "before")
  await promisify(execFile)(process.execPath, [`${source}/port.mjs`, before])
  // It finds its packages one folder up: the newer next-auth has the types of the older one.
  const tsc = createRequire(join(folder, "package.json")).resolve("typescript/bin/tsc")
  await expect(promisify(execFile)(process.execPath, [tsc, "-p", before])).resolves.toMatchObject({ stdout: "" })
}, 120_000)

it("keeps an old real user signed in, away from the login page", async () => {
  const browser = new Browser(app.origin)
  const grace = { cookie: `${COOKIE}=${oldUser("Grace@Example.com").token}` }
  const history = await browser.visit("/api/history", { headers: grace })
  expect(await history.json()).toMatchObject({ chats: [{ title: "Where is the moth?" }] })
  const answer = await browser.visit("/login", { headers: grace })
  expect([answer.status, new URL(answer.headers.get("location") ?? "", app.origin).pathname]).toEqual([307, "/"])
})

it("makes nobody of a crawler", async () => {
  const before = await count(`"User"`)
  const answer = await new Browser(app.origin).visit("/", { headers: { "user-agent": "Googlebot/2.1" } })
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
  expect(await count(`"User"`)).toBe(before)
})

it("purges guests who can't come back, with their chats, and nobody else", async () => {
  const [dead, active] = [oldUser("guest-1790000000003"), oldUser("guest-1790000000004")]
  // Forty days pass, and one of the old guests is here today, with the token from before the port.
  await database.query(`update "User" set "seenAt" = "seenAt" - interval '40 days'`)
  const visitor = new Browser(app.origin)
  await visitor.jar.setCookie(`${COOKIE}=${active.token}; Path=/`, app.origin)
  await visitor.visit("/")
  const real = `"User" where "lazySince" is null or "convertedAt" is not null`
  const before = await count(real)

  await follow("npm run lazy -- purge --dry-run")
  expect(await user(dead.id)).toBeDefined()
  await follow("npm run lazy -- purge")
  expect(await user(dead.id)).toBeUndefined()
  expect(await user(active.id)).toBeDefined()
  expect(await count(real)).toBe(before)
  expect(await database.query(`select "title" from "Chat" order by "title"`)).toEqual(
    ["Bake me a cake", "How do engines think?", "It was me", "Where is the moth?", "Write me a poem"].map((title) => ({
      title,
    })),
  )
  for (const table of ["Vote_v2", "Stream", "Document", "Suggestion"]) expect(await count(`"${table}"`), table).toBe(4)
}, 60_000)

it("was ported by the commands of the page, in its order", () => {
  expect([...followed]).toEqual(commands)
})

it("logs nothing but the passwords that were refused", () => {
  const problems = app
    .output()
    .split("\n")
    .filter((line) => /⨯|\[auth\]|^\w*Error/.test(line))
  expect(problems.filter((line) => !line.includes("CredentialsSignin"))).toEqual([])
})
