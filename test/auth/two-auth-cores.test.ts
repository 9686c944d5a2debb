import { CredentialsSignin } from "@auth/core/errors"
import Credentials from "@auth/core/providers/credentials"
import { afterAll, beforeAll, expect, it } from "vitest"
import { gate, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { password, refusal } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { type OtherAuthCore, otherAuthCore } from "../setup/other-auth-core.js"

let other: OtherAuthCore

beforeAll(async () => {
  other = await otherAuthCore()
  expect(new CredentialsSignin()).not.toBeInstanceOf(other.errors.CredentialsSignin)
})
afterAll(() => other?.remove())

/** The parameter `error` of a redirect, and the path it leads to. */
function errorOf(response: Response): [string | null, string] {
  const { searchParams, pathname } = new URL(response.headers.get("location") ?? "", "http://app.test")
  return [searchParams.get("error"), pathname]
}

describeLinking("Auth.js from another copy of @auth/core", (app) => {
  /** Opens a browser on an app whose framework has its own copy. */
  function browser(changes: Partial<LazyConfig> = {}): Browser {
    const auth = withLazy({ ...app.config, basePath: "/auth", ...changes })
    return new Browser("http://app.test", (request) => other.Auth(request, auth(request)) as Promise<Response>)
  }

  async function lazyBrowser(changes: Partial<LazyConfig> = {}): Promise<{ lazy: Browser; id: string }> {
    const lazy = browser(changes)
    await lazy.signIn("lazy")
    const session = await lazy.session()
    expect(session?.user.isLazy).toBe(true)
    return { lazy, id: session?.user.id as string }
  }

  it("answers a wrong password with its code, and keeps the session", async () => {
    const { lazy, id } = await lazyBrowser()
    const answer = await lazy.signIn("password", { username: "nobody", password })
    expect(errorOf(answer)).toEqual(["CredentialsSignin", "/auth/signin"])
    expect(refusal(answer)).toBe("wrong_credentials")
    expect((await lazy.session())?.user.id).toBe(id)
  })

  it("leads to the app's own page, whose query stays", async () => {
    const pages = { signIn: "/enter?by=password" }
    const wrong = async () =>
      (await browser({ pages }).signIn("password", { username: "nobody", password })).headers.get("location")
    const first = new URL((await wrong()) as string)
    expect(first.pathname).toBe("/enter")
    expect(Object.fromEntries(first.searchParams)).toEqual({
      by: "password",
      error: "CredentialsSignin",
      code: "wrong_credentials",
    })
    expect(await wrong()).toBe(first.href)
    expect(pages).toEqual({ signIn: "/enter?by=password" })
  })

  it("answers the client of next-auth with the code too", async () => {
    const client = browser()
    const form = { csrfToken: await client.csrfToken(), username: "nobody", password }
    const answer = await client.visit("/auth/callback/password", { form, headers: { "x-auth-return-redirect": "1" } })
    const { url } = (await answer.json()) as { url: string }
    expect(new URL(url).searchParams.get("code")).toBe("wrong_credentials")
  })

  it("converts, and answers a taken name with its code", async () => {
    const username = app.person().sub
    const { lazy, id } = await lazyBrowser()
    expect(errorOf(await lazy.signIn("convert", { username, password }))[0]).toBeNull()
    expect((await lazy.session())?.user).toMatchObject({ id, isLazy: false })
    const { lazy: late } = await lazyBrowser()
    expect(refusal(await late.signIn("convert", { username, password: "another long password" }))).toBe(
      "username_taken",
    )
  })

  it("says AccessDenied to a form of another site", async () => {
    const visitor = browser()
    const form = { csrfToken: await visitor.csrfToken() }
    const answer = await visitor.visit("/auth/callback/lazy", { form, headers: { "sec-fetch-site": "cross-site" } })
    expect(errorOf(answer)[0]).toBe("AccessDenied")
  })

  it("says OAuthAccountNotLinked where the address belongs to another account", async () => {
    const person = app.person()
    await app.signInWith(browser(), "one", person)
    const { lazy, id } = await lazyBrowser()
    const answer = await app.signInWith(lazy, "two", app.person({ email: person.email }))
    expect(errorOf(answer)[0]).toBe("OAuthAccountNotLinked")
    expect((await lazy.session())?.user.id).toBe(id)
  })

  it.for(["password", "one"] as const)("offers to go on without a merge that can't be done (%s)", async (way) => {
    const person = app.person()
    const owner = browser()
    if (way === "password") await owner.signIn("convert", { username: person.sub, password })
    else await app.signInWith(owner, way, person)
    await app.database.query(`create table seat ("userId" text primary key references "user" (id) on delete cascade);
      create or replace function stay() returns trigger language plpgsql as $$
        begin raise exception 'seats stay' using errcode = '42501'; end $$;
      create trigger stay before update on seat for each row execute function stay()`)
    const { lazy, id } = await lazyBrowser()
    await app.database.query(`insert into seat values ('${id}')`)
    const answer = await (way === "password"
      ? lazy.signIn("password", { username: person.sub, password })
      : app.signInWith(lazy, way, person))
    await app.database.query("drop table seat")
    expect(errorOf(answer)).toEqual(["CredentialsSignin", "/auth/signin"])
    expect(refusal(answer)).toBe("merge_failed")
    expect((await lazy.session())?.user.id).toBe(id)
  })

  it("keeps a code of the app's own provider, whichever copy its error comes from", async () => {
    class LockedOut extends other.errors.CredentialsSignin {
      override code = "locked_out"
    }
    const authorize = () => {
      throw new LockedOut()
    }
    const providers = [...app.config.providers, Credentials({ id: "legacy", credentials: {}, authorize })]
    for (const visitor of [browser({ providers }), app.browser({ providers })]) {
      const answer = await visitor.signIn("legacy")
      expect(errorOf(answer)).toEqual(["CredentialsSignin", "/auth/signin"])
      expect(refusal(answer)).toBe("locked_out")
    }
  })

  it("lets the gate pass on what a callback of the app throws, as the error that it is", async () => {
    const refused = new other.errors.AccessDenied("Not today.")
    const callbacks = {
      signIn: () => {
        throw refused
      },
    }
    const auth = withLazy({ ...app.config, callbacks })
    await expect(gate(new Request("http://app.test/"), auth)).rejects.toBe(refused)
  })
})
