import type { Provider } from "@auth/core/providers"
import Nodemailer from "@auth/core/providers/nodemailer"
import { afterAll, beforeAll, describe } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "./browser-jar.js"
import { flows } from "./databases.js"
import { FlowApp } from "./flow-app.js"
import { Mailbox } from "./mailbox.js"
import { OpenIdProvider, type Person } from "./openid-provider.js"

let counter = 0

/** Adds a real OpenID provider, as `one` and `two`, and e-mail links through a real SMTP server. */
export class LinkingApp extends FlowApp {
  openId!: OpenIdProvider
  mailbox!: Mailbox

  override get config(): LazyConfig {
    const { config } = { config: super.config }
    return { ...config, providers: [...config.providers, this.oidc("one"), this.oidc("two"), this.email()] }
  }

  oidc(id: "one" | "two", changes: Record<string, unknown> = {}): Provider {
    return {
      id,
      name: id,
      type: "oidc",
      issuer: this.openId.issuer,
      clientId: id,
      clientSecret: `secret of ${id}`,
      checks: ["pkce", "state"],
      ...changes,
    }
  }

  email(): Provider {
    return Nodemailer({ server: this.mailbox.url, from: "app@app.test" })
  }

  /** Replaces a provider of the app by its id. */
  withProvider(provider: Provider): Partial<LazyConfig> {
    const id = (given: unknown) => (given as { id: string }).id
    return { providers: [...this.config.providers.filter((other) => id(other) !== id(provider)), provider] }
  }

  /** Makes a new person with an account at the OpenID provider. */
  person(about: Partial<Person> = {}): Person {
    const sub = `person-${process.pid}-${counter++}`
    return {
      sub,
      name: `Name of ${sub}`,
      email: `${sub}@example.com`,
      email_verified: true,
      picture: `https://example.com/${sub}.png`,
      ...about,
    }
  }

  /** Signs in at the OpenID provider and returns the callback URL it redirects to. */
  async oauthCallback(browser: Browser, provider: "one" | "two", person: Person): Promise<string> {
    const csrfToken = await browser.csrfToken()
    const start = await browser.visit(`/auth/signin/${provider}`, { form: { csrfToken } })
    return this.openId.walk(start.headers.get("location") ?? "", person)
  }

  /** Signs in through the OpenID provider and returns the answer to the callback. */
  async signInWith(browser: Browser, provider: "one" | "two", person: Person): Promise<Response> {
    return browser.visit(await this.oauthCallback(browser, provider, person))
  }

  /** Requests an e-mail link and returns it. */
  async askForLink(browser: Browser, email: string): Promise<string> {
    const csrfToken = await browser.csrfToken()
    await browser.visit("/auth/signin/nodemailer", { form: { csrfToken, email } })
    return this.mailbox.linkFor(email)
  }
}

/** Runs tests with both kinds of session, an OpenID provider and a mailbox. */
export function describeLinking(
  name: string,
  tests: (app: LinkingApp, strategy: "database" | "jwt") => void,
  combinations = flows,
): void {
  for (const { driver, open, strategy } of combinations)
    describe(`${name} (${driver}, ${strategy} sessions)`, () => {
      const app = new LinkingApp(strategy)
      beforeAll(async () => {
        ;[app.database, app.openId, app.mailbox] = await Promise.all([open(), OpenIdProvider.shared(), Mailbox.start()])
      })
      afterAll(() => Promise.all([app.database.close(), app.mailbox.close()]))
      tests(app, strategy)
    })
}
