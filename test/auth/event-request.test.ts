import { inspect } from "node:util"
import { expect, it } from "vitest"
import { type EventRequest, gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password } from "../setup/flow-app.js"

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

type Seen = [event: string, user: string, request: EventRequest]

describeFlows("the request in an event", (app) => {
  const seen: Seen[] = []
  const events: LazyConfig["events"] = {
    createLazyUser: ({ user, request }) => void seen.push(["createLazyUser", user.id, request]),
    convertUser: ({ user, request }) => void seen.push(["convertUser", user.id, request]),
    mergeUser: ({ into, request }) => void seen.push(["mergeUser", into.id, request]),
    mergeFailed: ({ into, request }) => void seen.push(["mergeFailed", into.id, request]),
  }
  const take = () => {
    expect(seen).toHaveLength(1)
    return seen.splice(0)[0] as Seen
  }
  const visitor = (changes: Partial<LazyConfig> = {}, getClientAddress?: () => string) => {
    const auth = withLazy({ ...app.config, events, ...changes })
    return new Browser("http://app.test", (request) =>
      handleAuth(request, auth, getClientAddress ? { getClientAddress } : {}),
    )
  }
  /** The form of `signIn`, sent by a browser with the cookie of an analytics tool. */
  const signIn = async (browser: Browser, provider: string, form: Record<string, string> = {}) => {
    await browser.jar.setCookie("ajs_anonymous_id=4f0c", browser.origin)
    return browser.signIn(provider, form)
  }

  it("comes with a form that makes, converts and merges a lazy user", async () => {
    const account = { username: `owner-${crypto.randomUUID().slice(0, 8)}`, password }
    const browser = visitor({}, () => "2001:db8:1:2:3:4:5:6")
    await signIn(browser, "lazy")
    const { id } = (await browser.session())?.user ?? {}
    const [created, createdId, request] = take()
    expect([created, createdId]).toEqual(["createLazyUser", id])
    expect(request).toMatchObject({ method: "POST", address: "2001:db8:1:2:3:4:5:6" })
    expect(request.headers.get("cookie")).toContain("ajs_anonymous_id=4f0c")

    await signIn(browser, "convert", account)
    expect(take()).toMatchObject(["convertUser", id, { method: "POST", address: "2001:db8:1:2:3:4:5:6" }])

    const phone = visitor()
    await signIn(phone, "lazy")
    expect(take()[2].address).toBeNull()
    await signIn(phone, "password", account)
    const [merged, into, merging] = take()
    expect([merged, into, merging.method, merging.address]).toEqual(["mergeUser", id, "POST", null])
    expect(merging.headers.get("cookie")).toContain("ajs_anonymous_id=4f0c")
  })

  it("comes with a merge that failed", async () => {
    const account = { username: `owner-${crypto.randomUUID().slice(0, 8)}`, password }
    const owner = visitor()
    await signIn(owner, "convert", account)
    const { id } = (await owner.session())?.user ?? {}
    expect(seen).toEqual([])
    await app.database.query(`create table if not exists seat ("userId" text not null references "user"(id), n int)`)
    await app.database.query(`create or replace function stay() returns trigger language plpgsql as $$
      begin raise exception 'seats stay' using errcode = '42501'; end $$`)
    await app.database.query(
      "create or replace trigger stay before update on seat for each row execute function stay()",
    )
    const browser = visitor({ lazy: { onMergeError: "leave" } }, () => "203.0.113.7")
    await signIn(browser, "lazy")
    const [, from] = take()
    await app.database.query(`insert into seat values ('${from}', 1)`)
    await signIn(browser, "password", account)
    expect(take()).toMatchObject(["mergeFailed", id, { method: "POST", address: "203.0.113.7" }])
  })

  it("tells the address that the limits count by, and null for one that can't be read", async () => {
    const lazy = { trustProxy: { header: "x-forwarded-for", hops: 2 } }
    const auth = withLazy({ ...app.config, lazy, events })
    const visit = async (forwarded: string) => {
      const headers = { "user-agent": CHROME, "sec-fetch-mode": "navigate", "x-forwarded-for": forwarded }
      await gate(new Request("http://app.test/page", { headers }), auth, { getClientAddress: () => "10.0.0.9" })
      return take()[2].address
    }
    expect(await visit("6.6.6.6, 203.0.113.5, 10.0.0.1")).toBe("203.0.113.5")
    expect(await visit("6.6.6.6, unknown, 10.0.0.1")).toBeNull()
    expect(await visit("203.0.113.5")).toBeNull()
  })

  it("is a copy: an event that changes it changes nothing", async () => {
    const strip = ({ request }: { request: EventRequest }) => {
      for (const name of [...request.headers.keys()]) request.headers.delete(name)
      request.method = "DELETE"
    }
    const auth = withLazy({ ...app.config, events: { createLazyUser: strip } })
    const headers = { "user-agent": CHROME, "sec-fetch-mode": "navigate", cookie: "own=1" }
    const request = new Request("http://app.test/page", { headers })
    const result = await gate(request, auth)
    expect(result.open && result.session?.user.isLazy).toBe(true)
    expect(request.headers.get("cookie")).toBe("own=1")
  })

  it("is read for an event alone, and an error of the event names no header", async () => {
    const browser = visitor({
      events: {
        createLazyUser: () => {
          throw new Error("event failed")
        },
      },
    })
    app.logged.length = 0
    await signIn(browser, "lazy")
    expect((await browser.session())?.user.isLazy).toBe(true)
    expect(app.logged).toHaveLength(1)
    expect(inspect(app.logged, { depth: 9, showHidden: true })).not.toContain("ajs_anonymous_id")
  })

  it("is not asked for when the store makes a lazy user", async () => {
    const { lazy } = app.config.adapter
    await lazy.createLazyUser()
    expect(seen).toEqual([])
  })
})
