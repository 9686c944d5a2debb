import { expect } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"

/**
 * Does in the app of `next-app` what people do: writes, converts, signs in elsewhere with a wrong
 * and the right password, and finds everything.
 * @param gatesPages whether a gate makes a lazy user before the first page
 */
export async function tellNextStory(origin: string, { gatesPages }: { gatesPages: boolean }): Promise<void> {
  const first = new Browser(origin)
  const page = await (await first.visit("/")).text()
  expect(page).toMatch(gatesPages ? /guest-[a-z2-9]{10}, (<!-- -->)?lazy/ : /<p>nobody/)
  expect((await first.visit("/account")).status).toBe(307)

  expect(await (await write(first, "on the sofa")).json()).toEqual({ isLazy: true })
  // Next answers what a handler throws, and the gate keeps its session.
  expect((await write(first, "")).status).toBe(404)
  const { user } = (await session(first)) as { user: Record<string, unknown> }
  expect(user.isLazy).toBe(true)
  if (!gatesPages) expect(await (await first.visit("/")).text()).toContain(String(user.username))

  await signIn(first, "convert", { username: "Ada", password })
  expect((await session(first))?.user).toMatchObject({ id: user.id, isLazy: false, username: "ada" })
  expect(await (await first.visit("/account")).text()).toContain("The account of ada")

  const second = new Browser(origin)
  await write(second, "on the train")
  const wrong = await signIn(second, "password", { username: "ada", password: "not hers" })
  expect(new URL(wrong.headers.get("location") ?? "", origin).search).toBe(
    "?error=CredentialsSignin&code=wrong_credentials",
  )
  await signIn(second, "password", { username: "ada", password })
  expect((await session(second))?.user.id).toBe(user.id)
  expect(await (await second.visit("/api/notes")).json()).toEqual([{ text: "on the sofa" }, { text: "on the train" }])

  const third = new Browser(origin)
  const asked = await third.visit("/")
  await submit(third, await asked.text(), "without a script")
  expect((await session(third))?.user.isLazy).toBe(true)
  expect(await (await third.visit("/api/notes")).json()).toEqual([{ text: "without a script" }])
}

const write = (browser: Browser, text: string) =>
  browser.visit("/api/notes", {
    method: "POST",
    ...(text === "" ? {} : { json: text }),
    headers: { origin: browser.origin, "sec-fetch-site": "same-origin" },
  })

async function session(browser: Browser) {
  return (await (await browser.visit("/api/auth/session")).json()) as { user: Record<string, unknown> } | null
}

async function signIn(browser: Browser, provider: string, form: Record<string, string>): Promise<Response> {
  const { csrfToken } = (await (await browser.visit("/api/auth/csrf")).json()) as { csrfToken: string }
  return browser.visit(`/api/auth/callback/${provider}`, { form: { csrfToken, ...form } })
}

/** Posts the form of a server action as a browser without JavaScript does. */
async function submit(browser: Browser, html: string, text: string): Promise<void> {
  const form = new FormData()
  for (const [, name = "", value] of html.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g))
    form.set(name, (value ?? "").replaceAll("&quot;", '"'))
  form.set("text", text)
  const answer = await browser.visit("/", { data: form, headers: { origin: browser.origin } })
  expect(answer.status).toBe(303)
}
