import { CredentialsSignin } from "@auth/core/errors"
import { describe, expect, it } from "vitest"
import { handleAuth, type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { ConvertProvider, type RefusalCode, SignInRefused } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password } from "../setup/flow-app.js"
import { acme, fillIn, freshName, goodForm, inputTag, json, lazyVisitor, pageBrowser, postRaw } from "./page-app.js"

describeFlows("the convert page", (app, strategy) => {
  it("makes a lazy user a real one with the same id, and says so", async () => {
    const { browser, id } = await lazyVisitor(app)
    const old = await browser.copy()
    const first = await browser.visit("/account")
    expect(first.status).toBe(200)
    const html = await first.text()
    const guest = (await browser.session())?.user.username as string
    expect(html).toContain("You keep everything you made.")
    expect(html).toContain(guest)
    expect(inputTag(html, "username")).not.toContain(guest)

    const name = freshName()
    const answer = await fillIn(browser, goodForm(name))
    expect(answer.status).toBe(303)
    expect(answer.headers.get("location")).toBe("/account?done")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: name })
    expect(await browser.sessionCookie()).not.toBe(await old.sessionCookie())

    const done = await browser.visit("/account?done")
    expect(done.status).toBe(200)
    const text = await done.text()
    expect(text).toContain("Your account is ready")
    expect(text).toContain(`You are signed in as ${name}.`)
    expect(text).toContain('href="/"')
    expect(text).not.toContain("<form")
    expect(await app.count(`session where "userId" = '${id}'`)).toBe(strategy === "database" ? 1 : 0)
  })

  it("signs up somebody who has no session, without a promise", async () => {
    const browser = pageBrowser(app)
    const html = await (await browser.visit("/account")).text()
    expect(html).toContain("Make an account")
    expect(html).not.toContain("You keep everything")
    const name = freshName()
    expect((await fillIn(browser, goodForm(name))).status).toBe(303)
    expect((await browser.session())?.user).toMatchObject({ isLazy: false, username: name })
  })

  it("never shows the form to a real user", async () => {
    const { browser, id } = await lazyVisitor(app)
    await fillIn(browser, goodForm())
    for (const [path, to] of [
      ["/account", "/account?done"],
      ["/account?redirectTo=/notes%3Fpage%3D2", "/notes?page=2"],
      ["/account?callbackUrl=http%3A%2F%2Fapp.test%2Fnotes", "/notes"],
    ] as const) {
      const answer = await browser.visit(path)
      expect(answer.status).toBe(303)
      expect(answer.headers.get("location")).toBe(to)
    }
    const before = await app.user(id)
    const again = await browser.visit("/account", {
      form: { csrfToken: await browser.csrfToken(), ...goodForm() },
    })
    expect(again.status).toBe(303)
    expect(await app.user(id)).toEqual(before)
    expect((await browser.visit("/account", { headers: json })).status).toBe(409)
  })

  it("shows a refusal next to its field, keeps the name, never the password, and leaves the user lazy", async () => {
    const { browser, id } = await lazyVisitor(app)
    const answer = await fillIn(browser, { username: "Ada Lovelace", password, passwordConfirm: password })
    expect(answer.status).toBe(422)
    const html = await answer.text()
    expect(inputTag(html, "username")).toContain('value="Ada Lovelace"')
    expect(html).not.toContain(password)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    // The form that was shown again works.
    const name = freshName()
    const csrfToken = html.match(/name="csrfToken" value="([^"]+)"/)?.[1] as string
    expect((await browser.visit("/account", { form: { csrfToken, ...goodForm(name) } })).status).toBe(303)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: name })
  })

  it.each([
    ["missing", (form: Record<string, string>) => form],
    ["wrong", (form: Record<string, string>) => ({ csrfToken: "0".repeat(64), ...form })],
  ])("asks to try again when the token is %s, and changes no row", async (_, withToken) => {
    const { browser, id } = await lazyVisitor(app)
    const before = [await app.user(id), await app.count('"user"'), await app.count("password")]
    const answer = await browser.visit("/account", { form: withToken(goodForm("Kept-Name")) })
    expect(answer.status).toBe(403)
    const html = await answer.text()
    expect(html).toContain("Please try again.")
    expect(inputTag(html, "username")).toContain('value="Kept-Name"')
    expect(html).not.toContain(password)
    expect([await app.user(id), await app.count('"user"'), await app.count("password")]).toEqual(before)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    const jsonAnswer = await browser.visit("/account", { form: withToken(goodForm()), headers: json })
    expect(jsonAnswer.status).toBe(403)
    expect(await jsonAnswer.json()).toMatchObject({ ok: false, code: "csrf", field: null })
  })

  it("makes a token, with its cookie, for a browser that has none, and the next page keeps it", async () => {
    const browser = pageBrowser(app)
    const first = await browser.visit("/account")
    expect(first.headers.getSetCookie().some((cookie) => cookie.startsWith("authjs.csrf-token="))).toBe(true)
    const second = await browser.visit("/account")
    expect(second.headers.getSetCookie().some((cookie) => cookie.startsWith("authjs.csrf-token="))).toBe(false)
    const token = /name="csrfToken" value="([^"]+)"/
    expect((await first.text()).match(token)?.[1]).toBe((await second.text()).match(token)?.[1])
  })

  const refusals: [RefusalCode, string, Record<string, string>][] = [
    ["username_invalid", "username", { username: "a b" }],
    ["username_taken", "username", { username: "taken-name" }],
    ["password_weak", "password", { password: "password1", passwordConfirm: "password1" }],
    ["password_too_long", "password", { password: "x1!".repeat(100), passwordConfirm: "x1!".repeat(100) }],
    ["password_mismatch", "passwordConfirm", { passwordConfirm: "something else entirely" }],
  ]
  it.each(refusals)("shows %s at %s", async (code, field, changes) => {
    if (code === "username_taken" && (await app.count(`"user" where username = 'taken-name'`)) === 0)
      await fillIn(pageBrowser(app), goodForm("taken-name"))
    const { browser, id } = await lazyVisitor(app)
    const form = { ...goodForm(), ...changes }
    const answer = await fillIn(browser, form)
    expect(answer.status).toBe(422)
    expectErrorAt(await answer.text(), field)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    const inJson = await browser.visit("/account", {
      form: { csrfToken: await browser.csrfToken(), ...form },
      headers: json,
    })
    expect(inJson.status).toBe(422)
    expect(await inJson.json()).toEqual({ ok: false, code, field, message: expect.stringMatching(/\w/) })
  })

  it("asks for an e-mail address where the provider does, and shows its refusals", async () => {
    const setup = { config: { providers: [LazyProvider(), ConvertProvider({ identifier: "email" })] } }
    const email = `${freshName()}@example.com`
    const { browser, id } = await lazyVisitor(app, setup)
    const html = await (await browser.visit("/account")).text()
    expect(inputTag(html, "email")).toMatch(/type="email".*autocomplete="email"/)
    expect(html).not.toContain('name="username"')
    const invalid = await fillIn(browser, { email: "nobody at home", password, passwordConfirm: password })
    expect(invalid.status).toBe(422)
    const again = await invalid.text()
    expectErrorAt(again, "email")
    expect(inputTag(again, "email")).toContain('value="nobody at home"')
    expect((await fillIn(browser, { email, password, passwordConfirm: password })).status).toBe(303)
    expect(await app.user(id)).toMatchObject({ email, emailVerified: null })
    expect(await (await browser.visit("/account?done")).text()).toContain(email)
    const other = await lazyVisitor(app, setup)
    expectErrorAt(await (await fillIn(other.browser, { email, password, passwordConfirm: password })).text(), "email")
  })

  it("shows an app's own refusal, with the app's message, at the field its code begins with", async () => {
    class Rude extends CredentialsSignin {
      override code = "username_rude"
    }
    class Odd extends CredentialsSignin {
      override code = "toString"
    }
    const errors = { username_rude: "Be kind." }
    const rude = await lazyVisitor(app, {
      config: { providers: [LazyProvider(), ConvertProvider({ validate: () => Promise.reject(new Rude()) })] },
      options: { strings: { errors } },
    })
    const html = await (await fillIn(rude.browser, goodForm())).text()
    expectErrorAt(html, "username")
    expect(html).toContain("Be kind.")
    const odd = await lazyVisitor(app, {
      config: { providers: [LazyProvider(), ConvertProvider({ validate: () => Promise.reject(new Odd()) })] },
    })
    const general = await (await fillIn(odd.browser, goodForm())).text()
    expect(general).toContain("This was not accepted.")
    expect(general).not.toContain(' aria-invalid="true"')
  })

  it("answers already_converted when the conversion was overtaken", async () => {
    const { browser } = await lazyVisitor(app, {
      config: {
        providers: [
          LazyProvider(),
          ConvertProvider({ validate: () => Promise.reject(new SignInRefused("already_converted")) }),
        ],
      },
    })
    const answer = await fillIn(browser, goodForm())
    expect(answer.status).toBe(422)
    const html = await answer.text()
    expect(html).toContain("has been made already")
    expect(html).toMatch(/<div class="lazy-problem" role="alert" tabindex="-1" autofocus>/i)
  })

  it("says no when the app does, and logs and answers 500 when something breaks, with the user still lazy", async () => {
    const denied = await lazyVisitor(app, {
      config: { callbacks: { signIn: ({ account }) => account?.provider !== "convert" } },
    })
    const no = await fillIn(denied.browser, goodForm())
    expect(no.status).toBe(422)
    expect(await no.text()).toContain("You can’t make an account here.")

    const broken = await lazyVisitor(app, {
      config: { lazy: { onConvert: () => Promise.reject(new Error("the hook is broken: s3cret detail")) } },
    })
    const logged = app.logged.length
    const answer = await fillIn(broken.browser, goodForm())
    expect(answer.status).toBe(500)
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'")
    const html = await answer.text()
    expect(html).toContain("Something went wrong on our side.")
    expect(html).not.toContain("s3cret")
    expect(app.logged.slice(logged).map((error) => error.name)).toEqual(["CallbackRouteError"])
    expect((await broken.browser.session())?.user).toMatchObject({ id: broken.id, isLazy: true })
    const inJson = await broken.browser.visit("/account", {
      form: { csrfToken: await broken.browser.csrfToken(), ...goodForm() },
      headers: json,
    })
    expect(inJson.status).toBe(500)
    expect(await inJson.json()).toMatchObject({ ok: false, code: "server_error" })
  })

  it("hands over the new session, and logs, when the session can't be read after the conversion", async () => {
    const callbacks: LazyConfig["callbacks"] = {
      session({ session }) {
        if (session.user.isLazy === false) throw new Error("the session callback failed")
        return session
      },
    }
    const { browser, id } = await lazyVisitor(app, { config: { callbacks } })
    const before = await browser.sessionCookie()
    app.logged.length = 0
    const done = await fillIn(browser, goodForm())
    expect(done.status).toBe(303)
    expect((await app.user(id))?.convertedAt).not.toBeNull()
    expect(await browser.sessionCookie()).not.toBe(before)
    expect(app.logged.map(({ name }) => name)).toContain(strategy === "jwt" ? "JWTSessionError" : "SessionTokenError")
  })

  it("calls what a signIn callback throws a failure, and goes where one points instead of signing in", async () => {
    const throwing = await lazyVisitor(app, {
      config: {
        callbacks: {
          signIn: ({ account }) => {
            if (account?.provider === "convert") throw new Error("no answer")
            return true
          },
        },
      },
    })
    expect((await fillIn(throwing.browser, goodForm())).status).toBe(500)

    const setup = (to: string) => ({
      config: {
        callbacks: {
          signIn: ({ account }: { account?: { provider: string } | null }) =>
            account?.provider === "convert" ? to : true,
          redirect: ({ url, baseUrl }: { url: string; baseUrl: string }) => new URL(url, baseUrl).href,
        },
      },
    })
    const inside = await lazyVisitor(app, setup("/verify-first"))
    const answer = await fillIn(inside.browser, goodForm())
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/verify-first"])
    const inJson = await inside.browser.visit("/account", {
      form: { csrfToken: await inside.browser.csrfToken(), ...goodForm() },
      headers: json,
    })
    expect(await inJson.json()).toMatchObject({ ok: false, code: "access_denied", redirectTo: "/verify-first" })
    expect((await inside.browser.session())?.user).toMatchObject({ id: inside.id, isLazy: true })

    // Chromium would not follow a redirect from a form to another site.
    const outside = await lazyVisitor(app, setup("https://sso.test/start"))
    const page = await fillIn(outside.browser, goodForm())
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<meta http-equiv="refresh" content="0;url=https://sso.test/start"')
  })

  it("logs an error that is not from Auth.js, and shows it in the plain layout when it is the app's layout that fails", async () => {
    const logged = app.logged.length
    const browser = pageBrowser(app, {
      options: {
        layout: () => {
          throw new TypeError("no template")
        },
      },
    })
    const answer = await browser.visit("/account")
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain("Something went wrong on our side.")
    expect(app.logged.slice(logged).map(String)).toEqual(["TypeError: no template"])
  })

  it("escapes what was typed, and refuses to repeat it as markup", async () => {
    const { browser } = await lazyVisitor(app)
    const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'&`
    const html = await (await fillIn(browser, { username: hostile, password: hostile, passwordConfirm: "x" })).text()
    expect(html).not.toMatch(/<script|<img/)
    expect(html).toContain(`value="&quot;>&lt;script>alert(1)&lt;/script>&lt;img src=x onerror=alert(2)>'&amp;"`)
    expect(html.split("onerror").length).toBe(2)
    const inQuery = `/account?redirectTo=${encodeURIComponent(`/"><script>alert(1)</script>`)}`
    expect(await (await browser.visit(inQuery)).text()).not.toContain("<script")
    const pathname = `/account/%22%3E%3Cscript%3E${encodeURIComponent(hostile)}`
    expect(await (await browser.visit(pathname)).text()).not.toMatch(/<script|<img/)
  })

  const elsewhere = [
    "//evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "https://evil.test/",
    "http://app.test.evil.test/",
    "http://app.test@evil.test/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.test",
    "/\n/evil.test",
    "\u0000/notes",
    " //evil.test",
    "/./%2e//evil.test",
    `/${"a".repeat(3000)}`,
    "",
  ]
  it("goes nowhere else, whatever the target says, from the query, a field or the options", async () => {
    const { browser } = await lazyVisitor(app)
    for (const target of elsewhere) {
      const html = await (await browser.visit(`/account?redirectTo=${encodeURIComponent(target)}`)).text()
      expect(html, target).not.toContain("evil")
      expect(html, target).not.toContain('name="redirectTo"')
    }
    await fillIn(browser, { ...goodForm(), redirectTo: "https://evil.test/", callbackUrl: "//evil.test" })
    for (const target of elsewhere)
      for (const name of ["redirectTo", "callbackUrl"]) {
        const answer = await browser.visit(`/account?${name}=${encodeURIComponent(target)}`)
        expect(answer.headers.get("location"), target).toBe("/account?done")
      }
    const careless = pageBrowser(app, { options: { redirectTo: "https://evil.test/" } })
    expect((await fillIn(careless, goodForm())).headers.get("location")).toBe("/account?done")
  })

  it("posts to itself, also when the path looks like another site", async () => {
    const html = await (await pageBrowser(app).visit("http://app.test//evil.test/account")).text()
    expect(html).toContain('action="/evil.test/account"')
    expect(html).not.toContain('"//')
  })

  it("goes to the target that was asked for, or the one in the options", async () => {
    const one = await lazyVisitor(app)
    const asked = await fillIn(one.browser, goodForm(), "/account?callbackUrl=%2Fnotes%3Fa%3Db%26c")
    expect(asked.headers.get("location")).toBe("/notes?a=b&c")
    const options = { redirectTo: "/start", doneUrl: "/in" }
    const two = await lazyVisitor(app, { options })
    // A mistake in between does not lose the target.
    const csrfToken = await two.browser.csrfToken()
    const mistake = await two.browser.visit("/account", {
      form: { csrfToken, redirectTo: "/notes", ...goodForm("a b") },
    })
    expect(await mistake.text()).toContain('name="redirectTo" value="/notes"')
    expect((await fillIn(two.browser, goodForm())).headers.get("location")).toBe("/start")
    expect(await (await two.browser.visit("/account?done")).text()).toContain('href="/in"')
  })

  it("reads at most 16 KiB, however the body comes", async () => {
    const { browser, id } = await lazyVisitor(app)
    const declared = await browser.visit("/account", { form: { ...goodForm(), junk: "x".repeat(20_000) } })
    expect(declared.status).toBe(413)
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(1024).fill(120))
      },
    })
    const streamed = await postRaw(browser, endless, "application/x-www-form-urlencoded")
    expect(streamed.status).toBe(413)
    expect(await streamed.json()).toMatchObject({ ok: false, code: "body_too_large" })
    expect(pulled).toBeLessThan(24)
    expect(await app.user(id)).toMatchObject({ convertedAt: null })
  })

  it("refuses other bodies and methods", async () => {
    const { browser } = await lazyVisitor(app)
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
      expect((await postRaw(browser, "a=b", type)).status).toBe(415)
    for (const text of ["{", "null", "[]", '"x"', "{}"]) {
      const answer = await postRaw(browser, text, "application/json")
      expect([text, answer.status]).toEqual([text, text === "{}" ? 403 : 400])
    }
    for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await browser.visit("/account", { method })
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"])
    }
  })

  it("answers HEAD like GET, without a body", async () => {
    const { browser } = await lazyVisitor(app)
    const answer = await browser.visit("/account", { method: "HEAD" })
    expect([answer.status, await answer.text()]).toEqual([200, ""])
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8")
  })

  it("sends strict headers with every page, and a new nonce with each", async () => {
    const { browser } = await lazyVisitor(app)
    const nonces = new Set<string>()
    const pages = [
      await browser.visit("/account"),
      await fillIn(browser, goodForm("a b")),
      await browser.visit("/account", { form: {} }),
      await browser.visit("/account", { method: "PUT" }),
    ]
    await fillIn(browser, goodForm())
    pages.push(await browser.visit("/account?done"))
    for (const page of pages) {
      const html = await page.text()
      const nonce = html.match(/<style nonce="([^"]+)">/)?.[1] as string
      nonces.add(nonce)
      expect(Object.fromEntries(page.headers)).toMatchObject({
        "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cache-control": expect.stringMatching(page.headers.has("set-cookie") ? /^private, no-store$/ : /^no-store$/),
        vary: "Accept, Cookie",
      })
      expect(html).not.toMatch(/ style=| on\w+="|src=/)
    }
    expect(nonces.size).toBe(pages.length)
  })

  it("makes one account of a form that is sent twice at once", async () => {
    const { browser, id } = await lazyVisitor(app)
    const twin = await browser.copy()
    const name = freshName()
    const form = { csrfToken: await browser.csrfToken(), ...goodForm(name) }
    const answers = await Promise.all([browser, twin].map((each) => each.visit("/account", { form })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 303])
    expect(await app.database.query(`select id from "user" where username = '${name}'`)).toEqual([{ id }])
  })

  it("takes somebody whose user is gone for a new one, and cookies that make no sense for none", async () => {
    const { browser, id } = await lazyVisitor(app)
    await app.database.query(`delete from "user" where id = '${id}'`)
    const name = freshName()
    expect((await fillIn(browser, goodForm(name))).status).toBe(303)
    // A JWT is believed for a while, see `recheck`; signing in asks the database.
    expect((await browser.session())?.user).toMatchObject({ isLazy: false, username: name })
    for (const cookie of [
      "authjs.session-token=%E0%A4%A",
      "authjs.session-token.0=x; authjs.csrf-token=%",
      "=;;=",
      "x",
    ])
      expect((await pageBrowser(app).visit("/account", { headers: { cookie } })).status, cookie).toBe(200)
  })

  it("stays on the visitor's side of a proxy", async () => {
    const inside = "http://10.0.0.7:3000"
    process.env.AUTH_URL = "https://app.example"
    try {
      const auth = withLazy({ ...app.config, basePath: "/auth" })
      const page = convertPage(auth)
      const browser = new Browser("https://app.example", (request) => {
        const there = new Request(request.url.replace("https://app.example", inside), request)
        return new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(there, auth) : page(there)
      })
      await browser.signIn("lazy")
      const html = await (await browser.visit("/account")).text()
      expect(html).not.toContain("10.0.0.7")
      const answer = await fillIn(browser, goodForm(), "/account?redirectTo=https%3A%2F%2Fapp.example%2Fnotes")
      expect([answer.status, answer.headers.get("location")]).toEqual([303, "/notes"])
      const session = answer.headers
        .getSetCookie()
        .find((cookie) => cookie.startsWith("__Secure-authjs.session-token="))
      expect(session).toContain("; Secure")
      expect((await browser.session())?.user).toMatchObject({ isLazy: false })
    } finally {
      delete process.env.AUTH_URL
    }
  })

  it("bound to 0.0.0.0, behind a proxy: redirects in no loop, and with no internal host in Location", async () => {
    const inside = "http://0.0.0.0:3000"
    process.env.AUTH_URL = "https://app.example"
    try {
      const providers = [...app.config.providers, acme("https://id.acme.test/authorize")]
      const auth = withLazy({ ...app.config, basePath: "/auth", providers })
      const page = convertPage(auth)
      const newVisitor = () =>
        new Browser("https://app.example", (request) => {
          const there = new Request(request.url.replace("https://app.example", inside), request)
          return new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(there, auth) : page(there)
        })
      const targets = ["", "/notes", "https://app.example/notes", `${inside}/notes`, "//0.0.0.0:3000/notes"]
      const sentTo = ["/account?done", "/notes", "/notes", "/account?done", "/account?done"]
      for (const [n, target] of targets.entries()) {
        const browser = newVisitor()
        await browser.signIn("lazy")
        const answer = await fillIn(browser, goodForm(), `/account?redirectTo=${encodeURIComponent(target)}`)
        expect([answer.status, answer.headers.get("location")], target).toEqual([303, sentTo[n]])
        // Who is real already stays where that is said.
        expect((await browser.visit("/account?done")).status).toBe(200)
      }
      const browser = newVisitor()
      const { csrfToken } = (await (await browser.visit("/account", { headers: json })).json()) as { csrfToken: string }
      const form = { csrfToken, provider: "acme", redirectTo: `${inside}/notes` }
      const leaving = (await (await browser.visit("/account", { form })).text()).replaceAll("&amp;", "&")
      expect(leaving).toContain(encodeURIComponent("https://app.example/auth/callback/acme"))
      expect(leaving).not.toContain("0.0.0.0")
    } finally {
      delete process.env.AUTH_URL
    }
  })

  it("is friendly to password managers", async () => {
    const { browser } = await lazyVisitor(app)
    const html = await (await browser.visit("/account")).text()
    expect(inputTag(html, "username")).toMatch(
      /name="username" type="text".*autocomplete="username".*autocapitalize="none"/,
    )
    for (const id of ["password", "passwordConfirm"])
      expect(inputTag(html, id)).toMatch(/type="password".*autocomplete="new-password".*spellcheck="false"/)
    expect(html.indexOf('id="username"')).toBeLessThan(html.indexOf('id="password"'))
    for (const id of ["username", "password", "passwordConfirm"]) {
      expect(html).toContain(`<label for="${id}">`)
      expect(inputTag(html, id)).not.toContain("autofocus")
    }
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
  })

  it("takes other texts and another layout", async () => {
    const setup = {
      options: {
        strings: {
          lang: "fa",
          dir: "rtl" as const,
          convertTitle: "حساب <شما>",
          convertIntro: (name: string) => `<b>${name}</b>`,
          errors: { username_invalid: "نام دیگری" },
        },
      },
    }
    const { browser } = await lazyVisitor(app, setup)
    const html = await (await browser.visit("/account")).text()
    expect(html).toContain('<html lang="fa" dir="rtl">')
    expect(html).toContain("<title>حساب &lt;شما&gt;</title>")
    expect(html).toContain("&lt;b>guest-")
    const refused = await (await fillIn(browser, goodForm("a b"))).text()
    expect(refused).toContain("نام دیگری")
    expect(refused).toContain("Password again")

    const framed = await lazyVisitor(app, {
      options: {
        layout: ({ title, content, head, nonce, strings }) =>
          `<!doctype html><html lang="${strings.lang}"><head><title>${title} - Shop</title>${head}</head><body><nav>Shop</nav>${content}<script nonce="${nonce}">/* the app's own */</script></body></html>`,
      },
    })
    const page = await framed.browser.visit("/account")
    const text = await page.text()
    expect(text).toContain("<title>Make your account - Shop</title>")
    expect(text).toContain("<nav>Shop</nav>")
    const nonce = text.match(/<script nonce="([^"]+)">/)?.[1]
    expect(page.headers.get("content-security-policy")).toContain(`script-src 'nonce-${nonce}'`)
    expect((await fillIn(framed.browser, goodForm())).status).toBe(303)
  })
})

describe("convertPage", () => {
  it("refuses at once to work without a ConvertProvider, and names it", () => {
    const auth = () => ({ providers: [] })
    expect(() => convertPage(auth)).toThrow(/ConvertProvider\(\)/)
  })
})

/**
 * Checks that only this field is marked, described by a message and focused, and that the summary
 * links to it.
 */
function expectErrorAt(html: string, field: string): void {
  const input = inputTag(html, field)
  expect(input).toContain('aria-invalid="true"')
  expect(input).toMatch(new RegExp(`aria-describedby="[^"]*\\b${field}-error"`))
  expect(input).toContain(" autofocus")
  expect(html).toContain(`<p class="lazy-error" id="${field}-error">`)
  expect(html).toMatch(new RegExp(`role="alert"[^]*<a href="#${field}">`))
  expect(html).toContain("<title>Error: ")
  expect(html.match(/ aria-invalid="true"/g)).toHaveLength(1)
  for (const id of ["password", "passwordConfirm"]) expect(inputTag(html, id)).not.toContain("value=")
}
