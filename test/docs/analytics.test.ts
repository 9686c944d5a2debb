import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { pathToFileURL } from "node:url"
import { gunzipSync } from "node:zlib"
import type { Analytics } from "@segment/analytics-node"
import { handleAuth, type LazyAuth, type LazyEvents, LazyProvider, withLazy } from "authjs-lazy"
import type { LazyAdapter, PurgeHook, PurgeOptions } from "authjs-lazy/drizzle"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import type { PostHog } from "posthog-node"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { page } from "./pages.js"

const folder = freshFolder("docs-analytics")
writeBlocks(page("docs/recipes/analytics.md"), folder)

async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module
}

interface Received {
  path: string
  authorization: string | undefined
  body: Record<string, unknown>
}

/** What PostHog's and Segment's clients sent, in the order of arrival. */
const received: Received[] = []
/** How the deletion APIs answer. */
let status = 200
/** Stands where PostHog and Segment would be, and writes down what comes. */
const receiver: Server = createServer(async (request, response) => {
  const raw = await buffer(request)
  const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString()
  const { pathname } = new URL(request.url ?? "", "http://receiver.test")
  received.push({ path: pathname, authorization: request.headers.authorization, body: JSON.parse(text) })
  response.writeHead(pathname.includes("batch") ? 200 : status, { "content-type": "application/json" }).end("{}")
})

const BROWSER = "0198c1d2-7a3b-7c4d-8e5f-0123456789ab"
const KEY = "phc_key"
const postHogCookie = (value: unknown) =>
  `ph_${KEY}_posthog=${encodeURIComponent(typeof value === "string" ? value : JSON.stringify(value))}`

let database: PostgresDatabase
const before = { ...process.env }
let auth: {
  adapter: LazyAdapter
  authConfig: LazyAuth
  purge: PurgeOptions
}
let posthog: { posthog: PostHog }
let segment: { analytics: Analytics; events: LazyEvents }
let deletions: {
  onPurge: PurgeHook
  deleteProfiles: (send: (userIds: string[]) => Promise<Response>) => Promise<number>
  toPostHog: (userIds: string[]) => Promise<Response>
  toSegment: (userIds: string[]) => Promise<Response>
}
let segmentConfig: LazyAuth

beforeAll(async () => {
  database = await postgresDatabase()
  await database.query(`create table profile_deletion ("userId" text primary key)`)
  receiver.listen(0, "127.0.0.1")
  await once(receiver, "listening")
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  Object.assign(process.env, {
    DATABASE_URL: database.url,
    AUTH_SECRET: secret,
    AUTH_TRUST_HOST: "true",
    POSTHOG_KEY: KEY,
    POSTHOG_HOST: origin,
    POSTHOG_API: origin,
    POSTHOG_PROJECT: "7",
    POSTHOG_PERSONAL_KEY: "phx_personal",
    SEGMENT_WRITE_KEY: "write key",
    SEGMENT_HOST: origin,
    SEGMENT_API: origin,
    SEGMENT_TOKEN: "sgp_token",
  })
  auth = await load("auth.ts")
  posthog = await load("posthog.ts")
  segment = await load("segment.ts")
  deletions = await load("profile-deletions.ts")
  segmentConfig = withLazy({
    adapter: auth.adapter,
    providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
    events: segment.events,
  })
})

afterAll(async () => {
  await posthog?.posthog.shutdown()
  await segment?.analytics.closeAndFlush()
  receiver.closeAllConnections()
  receiver.close()
  const { db } = await load<{ db: { $client: { end: () => Promise<void> } } }>("db.ts")
  await db.$client.end()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  await database?.close()
})

beforeEach(async () => {
  await database.query(`delete from profile_deletion`)
  await database.query(`delete from "user"`)
  received.length = 0
  status = 200
})

/** Opens a browser with this cookie of an analytics tool. */
async function visitor(config: LazyAuth, cookie?: string): Promise<Browser> {
  const browser = new Browser("http://app.test", (request) => handleAuth(request, config))
  if (cookie !== undefined) await browser.jar.setCookie(cookie, browser.origin)
  return browser
}

const idOf = async (browser: Browser) => (await browser.session())?.user.id as string

type Sent = Record<string, unknown> & { properties: Record<string, unknown> }

/** Returns the events that PostHog received, once its queue is empty. */
async function toldPostHog(): Promise<unknown[]> {
  await posthog.posthog.flush()
  const events = received.splice(0).flatMap(({ body }) => body.batch as Sent[])
  return events.map(({ event, distinct_id, properties: { $process_person_profile, $anon_distinct_id, ...rest } }) => {
    const own = Object.fromEntries(Object.entries(rest).filter(([name]) => ["provider", "from", "into"].includes(name)))
    return { event, distinct_id, $process_person_profile, $anon_distinct_id, own }
  })
}

/** Returns the messages that Segment received, once its queue is empty. */
async function toldSegment(): Promise<unknown[]> {
  await segment.analytics.flush()
  const events = received.splice(0).flatMap(({ body }) => body.batch as Sent[])
  return events.map(({ type, event, userId, anonymousId, properties, context }) => ({
    type,
    event,
    userId,
    anonymousId,
    properties,
    userAgent: (context as { userAgent?: string }).userAgent?.slice(0, 7),
  }))
}

it("PostHog: a lazy user is counted under the browser's id, and identified by its own when it converts", async () => {
  const browser = await visitor(auth.authConfig, postHogCookie({ distinct_id: BROWSER, $user_state: "anonymous" }))
  await browser.signIn("lazy")
  const id = await idOf(browser)
  expect(await toldPostHog()).toEqual([
    { event: "lazy user created", distinct_id: BROWSER, $process_person_profile: false, own: {} },
  ])
  await browser.signIn("convert", { username: "mia", password })
  expect(await idOf(browser)).toBe(id)
  expect(await toldPostHog()).toEqual([
    { event: "$identify", distinct_id: id, $anon_distinct_id: BROWSER, own: {} },
    { event: "signed up", distinct_id: id, own: { provider: "convert" } },
  ])
})

it("PostHog: a merge reports both ids on the real user, without an alias", async () => {
  const home = await visitor(auth.authConfig)
  await home.signIn("convert", { username: "ben", password })
  const into = await idOf(home)
  const phone = await visitor(auth.authConfig, postHogCookie({ distinct_id: BROWSER }))
  await phone.signIn("lazy")
  const from = await idOf(phone)
  await phone.signIn("password", { username: "ben", password })
  expect(await toldPostHog()).toEqual([
    { event: "lazy user created", distinct_id: BROWSER, $process_person_profile: false, own: {} },
    { event: "$identify", distinct_id: into, $anon_distinct_id: BROWSER, own: {} },
    { event: "accounts merged", distinct_id: into, own: { from, into } },
  ])
})

it("Segment: the same, with anonymousId and userId", async () => {
  const browser = await visitor(segmentConfig, `ajs_anonymous_id=${encodeURIComponent(`"${BROWSER}"`)}`)
  const userAgent = "Mozilla"
  await browser.signIn("lazy")
  const id = await idOf(browser)
  expect(await toldSegment()).toEqual([
    { type: "track", event: "Lazy User Created", anonymousId: BROWSER, userAgent, properties: {} },
  ])
  await browser.signIn("convert", { username: "eva", password })
  expect(await toldSegment()).toEqual([
    { type: "identify", userId: id, anonymousId: BROWSER, userAgent },
    {
      type: "track",
      event: "Signed Up",
      userId: id,
      anonymousId: BROWSER,
      properties: { provider: "convert" },
      userAgent,
    },
  ])
  const shared = await visitor(segmentConfig, `ajs_anonymous_id=${BROWSER}`)
  await shared.jar.setCookie("ajs_user_id=somebody", shared.origin)
  await shared.signIn("lazy")
  expect(received).toEqual([])
  const phone = await visitor(segmentConfig, `ajs_anonymous_id=${BROWSER}`)
  await phone.signIn("lazy")
  const from = await idOf(phone)
  await phone.signIn("password", { username: "eva", password })
  expect(await toldSegment()).toEqual([
    { type: "track", event: "Lazy User Created", anonymousId: BROWSER, userAgent, properties: {} },
    { type: "identify", userId: id, anonymousId: BROWSER, userAgent },
    {
      type: "track",
      event: "Accounts Merged",
      userId: id,
      anonymousId: BROWSER,
      properties: { from, into: id },
      userAgent,
    },
  ])
})

it.each([
  ["no cookie", undefined],
  ["an opt-out", `__ph_opt_in_out_${KEY}=0`],
  ["what is no JSON", postHogCookie("{")],
  ["what can't be decoded", `ph_${KEY}_posthog=%E0%A4%A`],
  ["null", postHogCookie("null")],
  ["an e-mail address for an id", postHogCookie({ distinct_id: "victim@example.com" })],
  ["an object for an id", postHogCookie({ distinct_id: { $ne: 1 } })],
  ["the id of a person who signed out", postHogCookie({ distinct_id: BROWSER, $user_state: "identified" })],
  ["the id of a person in an earlier version's cookie", postHogCookie({ distinct_id: BROWSER, $epp: true })],
  ["a very long value", postHogCookie({ distinct_id: BROWSER, more: "x".repeat(5000) })],
])("says nothing of a visitor with %s, who signs in and converts all the same", async (what, cookie) => {
  const browser = await visitor(auth.authConfig, cookie)
  if (what === "an opt-out") await browser.jar.setCookie(postHogCookie({ distinct_id: BROWSER }), browser.origin)
  await browser.signIn("lazy")
  await browser.signIn("convert", { username: "tom", password })
  expect((await browser.session())?.user).toMatchObject({ isLazy: false, username: "tom" })
  expect(await toldPostHog()).toEqual([])
})

it("deletes the profiles of purged users by their own ids, and tries again until it works", async () => {
  const victim = "0198c1d2-0000-7c4d-8e5f-0123456789ab"
  const browser = await visitor(auth.authConfig, postHogCookie({ distinct_id: victim }))
  await browser.signIn("lazy")
  const id = await idOf(browser)
  await database.query(
    `update "user" set "seenAt" = now() - interval '1 year', "lazySince" = now() - interval '1 year'`,
  )
  await database.query(`update session set expires = now() - interval '1 day'`)
  await toldPostHog()
  const pending = async () =>
    (await database.query(`select "userId" from profile_deletion`)).map(({ userId }) => userId)

  // What the hook wrote is undone with the batch, and the user stays.
  const failing: PurgeHook = async (params) => {
    await deletions.onPurge(params)
    throw new Error("the hook failed")
  }
  expect(await auth.adapter.lazy.purge({ ...auth.purge, onPurge: failing })).toMatchObject({ purged: 0, failures: 1 })
  expect(await pending()).toEqual([])
  expect(await database.query(`select id from "user"`)).toEqual([{ id }])

  expect(await auth.adapter.lazy.purge(auth.purge)).toMatchObject({ purged: 1, failures: 0 })
  expect(await pending()).toEqual([id])
  status = 503
  await expect(deletions.deleteProfiles(deletions.toPostHog)).rejects.toThrow("503")
  expect(await pending()).toEqual([id])
  status = 200
  received.length = 0
  expect(await deletions.deleteProfiles(deletions.toPostHog)).toBe(1)
  expect(received).toEqual([
    {
      path: "/api/projects/7/persons/bulk_delete/",
      authorization: "Bearer phx_personal",
      body: { distinct_ids: [id], delete_events: true },
    },
  ])
  expect(await deletions.deleteProfiles(deletions.toPostHog)).toBe(0)

  received.length = 0
  await database.query(`insert into profile_deletion select 'user-' || n from generate_series(1, 1001) n`)
  expect(await deletions.deleteProfiles(deletions.toSegment)).toBe(1000)
  expect(await deletions.deleteProfiles(deletions.toSegment)).toBe(1)
  expect(received.map(({ path, authorization }) => [path, authorization])).toEqual(
    Array(2).fill(["/regulations", "Bearer sgp_token"]),
  )
  expect(received[1]?.body).toMatchObject({ regulationType: "DELETE_ONLY", subjectType: "USER_ID" })
  expect(received.map(({ body }) => (body.subjectIds as string[]).length)).toEqual([1000, 1])
})

it("the page identifies real users only", async () => {
  const { tellTool, forget } = await load<{
    tellTool: (tool: object, user?: { id: string; isLazy: boolean }) => void
    forget: (tool: object) => void
  }>("browser.ts")
  const calls: unknown[] = []
  const tool = { identify: (id: string) => calls.push(id), reset: () => calls.push("reset") }
  tellTool(tool, undefined)
  tellTool(tool, { id: "lazy", isLazy: true })
  tellTool(tool, { id: "real", isLazy: false })
  forget(tool)
  expect(calls).toEqual(["real", "reset"])
})
