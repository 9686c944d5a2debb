import { once } from "node:events"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type LazyConfig, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { allowLazy, expressAuth } from "authjs-lazy/express"
import { ConvertProvider, PasswordProvider } from "authjs-lazy/password"
import express, { type RequestHandler } from "express"
import { CookieJar } from "tough-cookie"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { LinkingApp } from "../setup/linking-app.js"
import { Mailbox } from "../setup/mailbox.js"
import { OpenIdProvider } from "../setup/openid-provider.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { page } from "./pages.js"

type Send = (url: string, init: RequestInit) => Promise<Response>

interface User {
  id: string
  isLazy: boolean
  username: string | null
  email: string | null
}

interface NotesApp {
  session: () => Promise<{ user: User } | null>
  start: () => Promise<string | null>
  convert: (username: string, password: string) => Promise<string | null>
  signIn: (username: string, password: string) => Promise<string | null>
  signOut: () => Promise<void>
  askForLink: (email: string) => Promise<string | null>
  pageOf: (provider: string) => Promise<string>
  finish: (callback: string) => Promise<string | null>
}

const folder = freshFolder("docs-native")
writeBlocks(page("docs/recipes/native.md"), folder)

async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module
}

describe("native.md", () => {
  const linking = new LinkingApp("database")
  let server: Server
  let origin: string
  let notesApp: (origin: string, send: Send) => NotesApp

  beforeAll(async () => {
    ;({ notesApp } = await load<{ notesApp: typeof notesApp }>("notes-app.ts"))
    const { toApp } = await load<{ toApp: RequestHandler }>("to-app.ts")
    const app = express()
    server = app.listen(0, "127.0.0.1")
    await once(server, "listening")
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    ;[linking.database, linking.openId, linking.mailbox] = await Promise.all([
      postgresDatabase(),
      OpenIdProvider.start([origin]),
      Mailbox.start(),
    ])
    const { providers: _, ...config } = linking.config
    const auth = withLazy({
      ...(config as Omit<LazyConfig, "providers">),
      adapter: LazyAdapter(linking.database.db),
      providers: [LazyProvider(), PasswordProvider(), ConvertProvider(), linking.oidc("one"), linking.email()],
      lazy: { limits: { perAddress: false } },
    })
    app.get("/auth/callback/one", toApp)
    app.use("/auth", expressAuth(auth))
    app.get("/notes", allowLazy(auth), (_req, res) => void res.json(res.locals.session?.user.id ?? null))
  })
  afterAll(async () => {
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve))
    await Promise.all([linking.openId?.close(), linking.mailbox?.close(), linking.database?.close()])
  })

  /** An app that was just installed. */
  function install() {
    const jar = new CookieJar()
    const send: Send = async (url, init) => {
      const headers = { ...(init.headers as Record<string, string>), cookie: await jar.getCookieString(url) }
      const answer = await fetch(url, { ...init, headers })
      for (const cookie of answer.headers.getSetCookie()) await jar.setCookie(cookie, url)
      return answer
    }
    const notes = async () => (await send(`${origin}/notes`, { headers: { "user-agent": "okhttp/4.12.0" } })).json()
    return { ...notesApp(origin, send), notes }
  }

  async function started() {
    const app = install()
    expect(await app.start()).toBeNull()
    const session = await app.session()
    expect(session?.user.isLazy).toBe(true)
    return { app, id: session?.user.id as string }
  }

  const users = () => linking.count('"user"')

  it("starts as a lazy user, whom each route knows, and starts only once", async () => {
    const before = await users()
    const { app, id } = await started()
    expect(await app.notes()).toBe(id)
    expect(await app.start()).toBeNull()
    expect((await app.session())?.user.id).toBe(id)
    expect(await users()).toBe(before + 1)
    // Without a session, the library of the app is a bot to the gate.
    expect(await install().notes()).toBeNull()
    expect(await users()).toBe(before + 1)
  })

  it("converts by a password, is told why not, and signs in on another device", async () => {
    const { app, id } = await started()
    const username = `native-${crypto.randomUUID().slice(0, 8)}`
    expect(await app.convert(username, "12345678")).toBe("password_weak")
    expect(await app.convert(username, password)).toBeNull()
    expect((await app.session())?.user).toMatchObject({ id, isLazy: false, username })
    expect(await app.notes()).toBe(id)
    const { app: other } = await started()
    expect(await other.signIn(username, "wrong")).toBe("wrong_credentials")
    expect(await other.signIn(username, password)).toBeNull()
    expect((await other.session())?.user.id).toBe(id)
    await other.signOut()
    expect(await other.session()).toBeNull()
  })

  it.each([
    ["the address itself", false],
    ["the scheme of the app", true],
  ])("converts by OAuth in the system browser, which hands over %s", async (_, byScheme) => {
    const { app, id } = await started()
    const person = linking.person()
    const back = await linking.openId.walk(await app.pageOf("one"), person)
    const handed = byScheme ? await redirectOf(back) : back
    if (byScheme) expect(handed).toMatch(/^notesapp:\/\/auth\/callback\/one\?/)
    expect(await app.finish(handed)).toBeNull()
    expect((await app.session())?.user).toMatchObject({ id, isLazy: false, email: person.email })

    // The same identity on another device.
    const { app: second, id: gone } = await started()
    const again = await linking.openId.walk(await second.pageOf("one"), person)
    expect(await second.finish(again)).toBeNull()
    expect((await second.session())?.user.id).toBe(id)
    expect(await linking.user(gone)).toBeUndefined()
  })

  /** Loads the callback as the system browser does, which has none of the app's cookies. */
  async function redirectOf(url: string): Promise<string> {
    return (await fetch(url, { redirect: "manual" })).headers.get("location") ?? ""
  }

  it("refuses the callback of a sign-in that another device began", async () => {
    const { app: attacker } = await started()
    const { app, id } = await started()
    const address = await linking.openId.walk(await attacker.pageOf("one"), linking.person())
    const before = await users()
    for (const mine of [false, true]) {
      if (mine) await app.pageOf("one")
      expect(await app.finish(address)).not.toBeNull()
      expect((await app.session())?.user).toMatchObject({ id, isLazy: true })
    }
    for (const foreign of [
      "https://evil.example/auth/callback/one",
      `${origin}/auth/signout`,
      `${origin}.evil.example/`,
    ])
      await expect(app.finish(foreign)).rejects.toThrow("no callback")
    expect(await users()).toBe(before)
  })

  it("converts by a link in a mail that the system opens in the app", async () => {
    const { app, id } = await started()
    const email = linking.person().email as string
    expect(await app.askForLink(email)).toBeNull()
    expect(await app.finish(await linking.mailbox.linkFor(email))).toBeNull()
    expect((await app.session())?.user).toMatchObject({ id, isLazy: false, email })
  })
})
