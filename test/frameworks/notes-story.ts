import { expect } from "vitest"
import { BOTS, NAVIGATION, Visitor } from "../contract/gate-contract-visitor.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"

/** A visitor of an example writes a note, signs up, and finds it again. */
export async function walkNotes(port: number, { query }: PostgresDatabase): Promise<void> {
  const users = async () => Number((await query('select count(*) as n from "user"'))[0]?.n)
  const before = await users()
  const visitor = new Visitor(port)
  const open = async (path: string) => (await visitor.visit(path, { headers: NAVIGATION })).text()
  const own = { "sec-fetch-site": "same-origin", origin: visitor.origin }

  const bot = await new Visitor(port).visit("/", { headers: { "user-agent": BOTS.Googlebot as string } })
  expect([bot.status, await users()]).toEqual([200, before])
  expect(bot.headers.getSetCookie().join()).not.toContain("session-token")
  expect(await bot.text()).not.toContain("Notes of")

  // The very first request of a browser is a page that knows its user.
  expect(await open("/")).toMatch(/<h1[^>]*>Notes of guest-/)
  expect(await users()).toBe(before + 1)
  const added = await visitor.visit("/", { form: { text: "bread & <butter>" }, headers: own })
  expect([added.status, added.headers.get("location")]).toEqual([303, "/"])
  expect(await open("/")).toMatch(/bread &amp; &lt;butter(>|&gt;)/)

  const away = await visitor.visit("/account")
  expect([away.status, away.headers.get("location")]).toEqual([303, "/convert?callbackUrl=%2Faccount"])
  const form = new Map(
    [...(await open("/convert?callbackUrl=%2Faccount")).matchAll(/<input[^>]*>/g)].flatMap(([input]) => {
      const [name, value] = ["name", "value"].map((key) => new RegExp(`\\b${key}="([^"]*)"`).exec(input)?.[1])
      return name === undefined ? [] : [[name, value ?? ""] as [string, string]]
    }),
  )
  const username = `ada-${crypto.randomUUID().slice(0, 8)}`
  for (const [name] of form) {
    if (/username/i.test(name)) form.set(name, username)
    if (/password/i.test(name)) form.set(name, password)
  }
  const converted = await visitor.visit("/convert?callbackUrl=%2Faccount", {
    form: Object.fromEntries(form),
    headers: own,
  })
  expect(converted.status, await converted.clone().text()).toBe(303)
  expect(await open("/account")).toContain(`The account of ${username}`)
  expect(await open("/")).toMatch(/bread &amp; &lt;butter(>|&gt;)/)
  expect(await users()).toBe(before + 1)
}
