import { RateLimiterMemory } from "rate-limiter-flexible"
import { expect, it } from "vitest"
import { LazyProvider } from "../../src/index.js"
import { ConvertProvider } from "../../src/password.js"
import { describeFlows, password } from "../setup/flow-app.js"
import { acme, emailLinks, freshName, json, lazyVisitor, pageBrowser, postJson, postRaw } from "./page-app.js"

describeFlows("the convert page in JSON", (app) => {
  it("says who is here, what the form needs and which providers there are", async () => {
    const setup = {
      config: { providers: [...app.config.providers, acme("https://id.acme.test/authorize"), () => emailLinks([])] },
    }
    const nobody = await pageBrowser(app, setup as never).visit("/account", { headers: json })
    expect(nobody.headers.get("content-type")).toBe("application/json")
    expect(await nobody.json()).toEqual({
      csrfToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      identifier: "username",
      user: null,
      providers: [
        { id: "acme", name: "Acme", type: "oauth", signinUrl: "http://app.test/auth/signin/acme" },
        { id: "letter", name: "Letter", type: "email", signinUrl: "http://app.test/auth/signin/letter" },
      ],
    })
    const { browser, id } = await lazyVisitor(app, setup as never)
    const answer = await browser.visit("/account", { headers: json })
    expect(await answer.json()).toMatchObject({
      user: { id, isLazy: true, username: expect.stringMatching(/^guest-/) },
    })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
      vary: "Accept, Cookie",
    })
  })

  it("converts, from a JSON body", async () => {
    const { browser, id } = await lazyVisitor(app)
    const username = freshName()
    const answer = await postJson(browser, { username, password, redirectTo: "/notes" })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      ok: true,
      redirectTo: "/notes",
      user: expect.objectContaining({ id, isLazy: false, username }),
    })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    const again = await postJson(browser, { username: freshName(), password })
    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ ok: false, code: "already_converted" })
  })

  it("answers a JSON body in JSON whatever is accepted, unless that is HTML", async () => {
    const { browser } = await lazyVisitor(app)
    const type = async (accept: string) =>
      (await postRaw(browser, "{}", "application/json", "/account", { accept })).headers.get("content-type")
    expect(await type("*/*")).toBe("application/json")
    expect(await type("text/html")).toBe("text/html; charset=utf-8")
  })

  it("says when there were too many tries from an address, and where there were not", async () => {
    const limiters = { address: new RateLimiterMemory({ points: 1, duration: 60 }) }
    const config = { providers: [LazyProvider(), ConvertProvider({ limiters })] }
    const answer = async (address?: string) => {
      const visitor = address === undefined ? undefined : { getClientAddress: () => address }
      const { browser } = await lazyVisitor(app, { config, visitor })
      const response = await postJson(browser, { username: freshName(), password })
      return [response.status, ((await response.json()) as { code?: string; message?: string }).code]
    }
    expect(await answer("192.0.2.1")).toEqual([200, undefined])
    expect(await answer("192.0.2.1")).toEqual([429, "too_many_tries"])
    expect(await answer("192.0.2.2")).toEqual([200, undefined])
    for (let n = 0; n < 2; n++) expect(await answer()).toEqual([200, undefined])
  })

  it("asks for the address at once, and does without where the framework throws", async () => {
    const limiters = { address: new RateLimiterMemory({ points: 1, duration: 60 }) }
    const config = { providers: [LazyProvider(), ConvertProvider({ limiters })] }
    let isThere = true
    const hangsUp = {
      getClientAddress() {
        if (!isThere) throw new Error("Nobody knows.")
        queueMicrotask(() => {
          isThere = false
        })
        return "192.0.2.4"
      },
    }
    const post = async () => {
      const { browser } = await lazyVisitor(app, { config, visitor: hangsUp })
      isThere = true
      const { csrfToken } = (await (await browser.visit("/account", { headers: json })).json()) as { csrfToken: string }
      isThere = true
      return (
        await postRaw(browser, JSON.stringify({ csrfToken, username: freshName(), password }), "application/json")
      ).status
    }
    expect([await post(), await post()]).toEqual([200, 429])

    const unknown = {
      getClientAddress(): string {
        throw new Error("This adapter does not know the address.")
      },
    }
    for (let n = 0; n < 2; n++) {
      const { browser } = await lazyVisitor(app, { config, visitor: unknown })
      expect((await postJson(browser, { username: freshName(), password })).status).toBe(200)
    }
    expect(app.logged.filter(({ message }) => message.includes("does not know"))).toEqual([])
  })

  it("takes nothing but strings for fields", async () => {
    const { browser, id } = await lazyVisitor(app)
    for (const username of [["painter"], { toString: "painter" }, 123, null, true]) {
      const answer = await postJson(browser, { username, password })
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, "username_invalid"])
    }
    const hostile = await postRaw(browser, '{"__proto__":{"username":"painter"},"constructor":1}', "application/json")
    expect(hostile.status).toBe(403)
    expect(await app.user(id)).toMatchObject({ convertedAt: null })
  })
})
