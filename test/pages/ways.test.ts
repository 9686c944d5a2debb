import Passkey from "@auth/core/providers/passkey"
import { expect, it } from "vitest"
import { type LazyConfig, LazyProvider } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { describeFlows } from "../setup/flow-app.js"
import { acme, emailLinks, lazyVisitor, pageBrowser } from "./page-app.js"

describeFlows("the other ways on the convert page", (app) => {
  const setup = (
    sent: string[] = [],
    authorization = "https://id.acme.test/authorize?tenant=a&b=%22%27",
  ): { config: Partial<LazyConfig> } => ({
    config: {
      providers: [
        LazyProvider(),
        PasswordProvider(),
        ConvertProvider(),
        () => acme(authorization),
        emailLinks(sent),
        Passkey({}),
      ] as LazyConfig["providers"],
      experimental: { enableWebAuthn: true },
    },
  })

  it("offers every OAuth, e-mail and passkey provider, and none of ours a second time", async () => {
    const { browser } = await lazyVisitor(app, setup())
    const answer = await browser.visit("/account?redirectTo=/notes")
    const html = await answer.text()
    expect(html).toContain('<button type="submit" name="provider" value="acme">Continue with Acme</button>')
    expect(html).toContain('<form method="post" action="/auth/signin/letter">')
    expect(html).toContain('name="callbackUrl" value="/notes"')
    expect(html).toMatch(
      /<form hidden method="post" action="\/auth\/callback\/passkey" data-passkey-options="\/auth\/webauthn-options\/passkey\?action=register"/,
    )
    expect(html).not.toContain("data-passkey-field>")
    expect(html.match(/<form/g)).toHaveLength(4)
    expect(html).not.toMatch(/\/auth\/(signin|callback)\/(lazy|password|convert)/)
    const nonce = html.match(/<script nonce="([^"]+)">/)?.[1]
    expect(answer.headers.get("content-security-policy")).toContain(`script-src 'nonce-${nonce}'; connect-src 'self'`)
    // Nobody signed in: the provider has to ask who it is.
    expect(await (await pageBrowser(app, setup()).visit("/account")).text()).toMatch(
      /name="email" type="text" required autocomplete="username webauthn" data-passkey-field/,
    )
  })

  it("finds the routes of Auth.js where the app has put them", async () => {
    const { config } = setup()
    const moved = pageBrowser(app, { config: { ...config, basePath: "/api/auth" } })
    const html = await (await moved.visit("/account")).text()
    expect(html).toContain('action="/api/auth/signin/letter"')
    expect(html).toContain('data-passkey-options="/api/auth/webauthn-options/passkey?action=register"')
    const csrfToken = html.match(/name="csrfToken" value="([^"]+)"/)?.[1] as string
    const answer = await moved.visit("/account", { form: { csrfToken, provider: "acme" } })
    expect(await answer.text()).toContain(encodeURIComponent("http://app.test/api/auth/callback/acme"))
  })

  it("goes on to an OAuth provider from a page, with the cookies that Auth.js needs when it comes back", async () => {
    const { browser } = await lazyVisitor(app, setup())
    const answer = await browser.visit("/account", {
      form: { csrfToken: await browser.csrfToken(), provider: "acme", redirectTo: "/notes" },
    })
    expect(answer.status).toBe(200)
    const html = await answer.text()
    const url = html.match(/http-equiv="refresh" content="0;url=([^"]*)"/)?.[1]?.replaceAll("&amp;", "&") as string
    expect(new URL(url).origin).toBe("https://id.acme.test")
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      tenant: "a",
      client_id: "app",
      redirect_uri: "http://app.test/auth/callback/acme",
      code_challenge_method: "S256",
    })
    expect(html).toContain("Taking you to Acme")
    expect(html).toContain("Go on to Acme</a>")
    expect(answer.headers.get("content-security-policy")).toContain("form-action 'self';")
    const names = answer.headers.getSetCookie().map((cookie) => cookie.split("=")[0])
    expect(names).toContain("authjs.pkce.code_verifier")
    expect(answer.headers.getSetCookie().join()).toContain(encodeURIComponent("http://app.test/notes"))
  })

  it("starts no sign-in without the token, and none with what is no provider", async () => {
    const { browser } = await lazyVisitor(app, setup())
    const forged = await browser.visit("/account", { form: { provider: "acme" } })
    expect(forged.status).toBe(403)
    expect(forged.headers.getSetCookie().join()).not.toContain("pkce")
    const csrfToken = await browser.csrfToken()
    for (const provider of ["nobody", "convert", "lazy", "letter", "passkey", "../session", ""])
      expect((await browser.visit("/account", { form: { csrfToken, provider } })).status).toBe(400)
  })

  it("says so when a provider can't be reached", async () => {
    const unreachable = {
      id: "acme",
      name: "Acme",
      type: "oidc",
      issuer: "http://127.0.0.1:9/",
      clientId: "app",
      clientSecret: "app-secret",
      options: {},
    } as never
    const { browser, id } = await lazyVisitor(app, {
      // Once it has seen a passkey provider, Auth.js expects one in every configuration of the
      // process.
      config: { providers: [...app.config.providers, unreachable], experimental: { enableWebAuthn: true } },
    })
    const csrfToken = await browser.csrfToken()
    const answer = await browser.visit("/account", { form: { csrfToken, provider: "acme" } })
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain("can’t be reached at the moment")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("has Auth.js send the link of an e-mail provider", async () => {
    const sent: string[] = []
    const { browser } = await lazyVisitor(app, setup(sent))
    const html = await (await browser.visit("/account")).text()
    const csrfToken = html.match(/name="csrfToken" value="([^"]+)"/)?.[1] as string
    const answer = await browser.visit("/auth/signin/letter", {
      form: { csrfToken, callbackUrl: "/account?done", email: "ada@example.com" },
    })
    expect(answer.headers.get("location")).toContain("/auth/verify-request")
    expect(new URL(sent[0] as string).searchParams.get("callbackUrl")).toBe("http://app.test/account?done")
  })
})
