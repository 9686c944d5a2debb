import type { Browser, Page } from "playwright-core"
import { onTestFailed } from "vitest"
import { password } from "../setup/flow-app.js"
import type { Reader } from "./follow-guide.js"

// A headless browser says so, and is taken for a bot.
const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

/** Opens a page of the app of a guide as a visitor who was never there. */
export async function open(browser: Browser, guide: Reader, path: string): Promise<Page> {
  const page = await browser.newPage({ userAgent, baseURL: guide.origin })
  // A development server compiles each page when it is first asked for.
  page.setDefaultTimeout(150_000)
  onTestFailed(async () => console.error(guide.output(), page.isClosed() ? "" : await page.innerText("body")))
  await page.goto(path)
  return page
}

/** Opens the notes, as a new visitor, who becomes a lazy user. */
export async function visit(browser: Browser, guide: Reader): Promise<Page> {
  const page = await open(browser, guide, "/")
  await page.getByText("You are guest-").waitFor()
  return page
}

export async function addNote(page: Page, text: string): Promise<void> {
  await page.getByLabel("Note").fill(text)
  await page.getByRole("button", { name: "Add" }).click()
  await seeNotes(page, text)
}

export async function seeNotes(page: Page, ...texts: string[]): Promise<void> {
  for (const text of texts) await page.getByRole("listitem").getByText(text).waitFor()
}

export async function makeAccount(page: Page, username: string): Promise<void> {
  await page.getByText("Make an account").click()
  await page.getByLabel(/user ?name/i).fill(username)
  await page.getByLabel("Password", { exact: true }).fill(password)
  await page.getByLabel("Password again").fill(password)
  await page.getByRole("button", { name: "Make my account" }).click()
  await page.getByText(`You are ${username}.`).waitFor()
}

/** Signs in on the page of Auth.js, which has a form for each provider. */
export async function signIn(page: Page, username: string): Promise<void> {
  const form = page.locator("form").filter({ has: page.getByLabel("Username or e-mail") })
  await form.getByLabel("Username or e-mail").fill(username)
  await form.getByLabel("Password").fill(password)
  await form.getByRole("button").click()
  await page.getByText(`You are ${username}.`).waitFor()
}

/** Makes an account in one browser, and signs in to it in the middle of a visit with another. */
export async function convertAndMerge(browser: Browser, guide: Reader): Promise<void> {
  const [laptop, phone] = [await visit(browser, guide), await visit(browser, guide)]
  await addNote(laptop, "bread")
  await makeAccount(laptop, "ada")
  await seeNotes(laptop, "bread")
  await addNote(phone, "apples")
  await phone.getByRole("link", { name: "Sign in" }).click()
  await signIn(phone, "ada")
  await seeNotes(phone, "bread", "apples")
  await Promise.all([laptop.close(), phone.close()])
}
