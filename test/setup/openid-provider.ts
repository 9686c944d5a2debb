import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import Provider, { type KoaContextWithOIDC } from "oidc-provider"
import { CookieJar } from "tough-cookie"

/** Describes a person with an account at the provider. */
export interface Person {
  /** The subject, which Auth.js stores as `providerAccountId`. */
  sub: string
  name?: string
  email?: string
  email_verified?: boolean
  picture?: string
}

let shared: Promise<OpenIdProvider> | undefined

/**
 * Runs an OpenID provider on loopback with the clients `one` and `two`. It signs in the person that
 * `walk` names, without a form.
 */
export class OpenIdProvider {
  /** Whether it ends every connection without an answer. */
  isAway = false
  private readonly people = new Map<string, Person>()
  private readonly secrets = new Map<string, Person>()

  private constructor(
    readonly issuer: string,
    private readonly server: Server,
  ) {}

  static async start(redirectOrigins: string[] = ["http://app.test"]): Promise<OpenIdProvider> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const started = new OpenIdProvider(issuer, server)
    const provider = new Provider(issuer, {
      clients: ["one", "two"].map((id) => ({
        client_id: id,
        client_secret: `secret of ${id}`,
        redirect_uris: redirectOrigins.map((origin) => `${origin}/auth/callback/${id}`),
        grant_types: ["authorization_code"],
        response_types: ["code"],
      })),
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
      // Auth.js reads the profile from the ID token.
      conformIdTokenClaims: false,
      findAccount: (_context: KoaContextWithOIDC, sub: string) => {
        const person = started.people.get(sub)
        return person && { accountId: sub, claims: () => ({ ...person }) }
      },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context: KoaContextWithOIDC, { uid }: { uid: string }) => `/interaction/${uid}` },
      cookies: { keys: ["a key for the cookies of the test provider"] },
      pkce: { required: () => false },
    } as ConstructorParameters<typeof Provider>[1])
    server.on("request", (request, response) => {
      if (started.isAway) request.socket.destroy()
      else if (request.url?.startsWith("/interaction/"))
        started.interact(provider, request, response).catch((error) => response.writeHead(500).end(String(error)))
      else provider.callback()(request, response)
    })
    return started
  }

  /** Returns the provider for http://app.test of this process, which starts once and ends with it. */
  static shared(): Promise<OpenIdProvider> {
    shared ??= OpenIdProvider.start().then((provider) => {
      provider.server.unref()
      return provider
    })
    return shared
  }

  private async interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response)
    const person = this.secrets.get(String(request.headers["x-person"]))
    if (!person) throw new Error("No person is signing in: send the x-person header that `walk` sends.")
    this.people.set(person.sub, person)
    const grant = new provider.Grant({ accountId: person.sub, clientId: String(params.client_id) })
    grant.addOIDCScope(String(params.scope))
    const result = { login: { accountId: person.sub }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  /** Follows a sign-in at the provider until it redirects back, and returns the callback URL. */
  async walk(authorization: string, person: Person): Promise<string> {
    const jar = new CookieJar()
    const key = crypto.randomUUID()
    this.secrets.set(key, person)
    let url = authorization
    for (let step = 0; step < 10; step++) {
      if (!url.startsWith(this.issuer)) return url
      const response = await fetch(url, {
        redirect: "manual",
        headers: { cookie: await jar.getCookieString(url), "x-person": key },
      })
      for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url)
      const location = response.headers.get("location")
      if (!location) throw new Error(`The provider answered ${response.status}: ${await response.text()}`)
      url = new URL(location, url).href
    }
    throw new Error("The provider redirected ten times without coming back to the app.")
  }

  close(): Promise<void> {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }
}
