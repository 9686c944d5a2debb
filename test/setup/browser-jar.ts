import { CookieJar } from "tough-cookie"

/** Changes the request from the plain GET of a clicked link. */
export interface VisitOptions {
  method?: string
  headers?: Record<string, string>
  /** Fields to post as a form. */
  form?: Record<string, string>
  /** Fields to post as a form with files does, such as those of a server action. */
  data?: FormData
  /** Value to post as JSON. */
  json?: unknown
}

/** Answers a request: `fetch` to a server, or a handler in this process. */
export type Fetch = (request: Request) => Promise<Response>

/**
 * Acts as a browser without JavaScript: keeps cookies, returns redirects instead of following them,
 * and posts the forms of Auth.js.
 */
export class Browser {
  readonly jar = new CookieJar()

  constructor(
    readonly origin: string,
    private readonly send: Fetch = (request) => fetch(request, { redirect: "manual" }),
  ) {}

  async visit(path: string, { method = "GET", headers = {}, form, data, json }: VisitOptions = {}): Promise<Response> {
    const url = new URL(path, this.origin).href
    const request = new Request(url, {
      method: form || data || json ? "POST" : method,
      redirect: "manual",
      headers: {
        "user-agent":
          "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        accept: "text/html,application/xhtml+xml",
        ...(form && { "content-type": "application/x-www-form-urlencoded" }),
        ...(json !== undefined && { "content-type": "application/json" }),
        ...headers,
        cookie: headers.cookie ?? (await this.jar.getCookieString(url)),
      },
      body: form
        ? new URLSearchParams(form).toString()
        : data
          ? data
          : json === undefined
            ? undefined
            : JSON.stringify(json),
    })
    const response = await this.send(request)
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url)
    return response
  }

  /** Posts a form with the CSRF token, as the sign-in page of Auth.js does. */
  async signIn(provider: string, form: Record<string, string> = {}): Promise<Response> {
    return this.visit(`/auth/callback/${provider}`, { form: { csrfToken: await this.csrfToken(), ...form } })
  }

  async signOut(): Promise<Response> {
    return this.visit("/auth/signout", { form: { csrfToken: await this.csrfToken() } })
  }

  async csrfToken(): Promise<string> {
    const { csrfToken } = (await (await this.visit("/auth/csrf")).json()) as { csrfToken: string }
    return csrfToken
  }

  /** Fetches the session from Auth.js. */
  async session(): Promise<{ user: Record<string, unknown>; expires: string } | null> {
    return (await (await this.visit("/auth/session")).json()) as {
      user: Record<string, unknown>
      expires: string
    } | null
  }

  /** Returns the value of the session cookie. */
  async sessionCookie(): Promise<string | undefined> {
    const cookies = await this.jar.getCookies(this.origin)
    return cookies.find((cookie) => cookie.key.endsWith("authjs.session-token"))?.value
  }

  /** Replaces the value of the session cookie, as if the server had set it. */
  async setSessionCookie(value: string): Promise<void> {
    const cookies = await this.jar.getCookies(this.origin)
    const cookie = cookies.find((cookie) => cookie.key.endsWith("authjs.session-token"))
    if (!cookie) throw new Error("This browser has no session.")
    cookie.value = value
    await this.jar.setCookie(cookie.toString(), this.origin)
  }

  /** Returns a second browser with the same cookies, as an attacker who copied them has. */
  async copy(): Promise<Browser> {
    const twin = new Browser(this.origin, this.send)
    for (const cookie of await this.jar.getCookies(this.origin))
      await twin.jar.setCookie(cookie.toString(), this.origin)
    return twin
  }
}
