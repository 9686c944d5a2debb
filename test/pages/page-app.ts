import type { Provider } from "@auth/core/providers"
import { handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { type ConvertPageOptions, type ConvertVisitor, convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { type FlowApp, password } from "../setup/flow-app.js"

const origin = "http://app.test"

/** What the page is configured with, beside the app. */
export interface PageSetup {
  config?: Partial<LazyConfig>
  options?: ConvertPageOptions
  /** What the framework knows of where its visitor comes from. */
  visitor?: ConvertVisitor
}

const handlers = new WeakMap<Browser, (request: Request) => Promise<Response>>()

/** A visitor of an app that has the page at /account. */
export function pageBrowser(app: FlowApp, { config, options, visitor }: PageSetup = {}): Browser {
  const auth = withLazy({ ...app.config, ...config })
  const convert = convertPage(auth, options)
  const page = (request: Request) => (visitor ? convert(request, visitor) : convert(request))
  const browser = new Browser(origin, (request) =>
    new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, auth) : page(request),
  )
  handlers.set(browser, page)
  return browser
}

/** The same, a lazy user already. */
export async function lazyVisitor(app: FlowApp, setup: PageSetup = {}): Promise<{ browser: Browser; id: string }> {
  const browser = pageBrowser(app, setup)
  await browser.signIn("lazy")
  return { browser, id: (await browser.session())?.user.id as string }
}

/** Opens the page, fills in its form as a person does, and sends it. */
export async function fillIn(browser: Browser, form: Record<string, string>, path = "/account"): Promise<Response> {
  const html = await (await browser.visit(path)).text()
  return browser.visit(path, { form: { ...hiddenFields(html), ...form } })
}

/** Opens the page and sends a JSON body. */
export async function postJson(browser: Browser, body: object, path = "/account"): Promise<Response> {
  const { csrfToken } = (await (await browser.visit(path, { headers: json })).json()) as { csrfToken: string }
  return postRaw(browser, JSON.stringify({ csrfToken, ...body }), "application/json", path)
}

/** Sends a body of any type, with the visitor's cookies. */
export async function postRaw(
  browser: Browser,
  body: RequestInit["body"],
  contentType: string,
  path = "/account",
  headers: Record<string, string> = json,
): Promise<Response> {
  const cookie = await browser.jar.getCookieString(origin)
  const response = await handlers.get(browser)?.(
    new Request(`${origin}${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": contentType, cookie },
      body,
      duplex: "half",
    } as RequestInit),
  )
  if (!response) throw new Error("This browser was not made by pageBrowser.")
  for (const set of response.headers.getSetCookie()) await browser.jar.setCookie(set, origin)
  return response
}

export const json = { accept: "application/json" }

/** The hidden fields of the first form. */
function hiddenFields(html: string): Record<string, string> {
  const form = html.slice(html.indexOf("<form"), html.indexOf("</form>"))
  return Object.fromEntries(
    [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name as string,
      (value as string).replaceAll("&amp;", "&").replaceAll("&quot;", '"'),
    ]),
  )
}

/** The tag of the input with this id. */
export function inputTag(html: string, id: string): string {
  return html.match(new RegExp(`<input id="${id}"[^>]*>`))?.[0] ?? ""
}

let counter = 0

/** A username nobody has. */
export function freshName(): string {
  return `painter-${process.pid}-${counter++}`
}

/** What a person types who makes no mistake. */
export function goodForm(username = freshName()): Record<string, string> {
  return { username, password, passwordConfirm: password }
}

/** An OAuth provider as an app would configure it. */
export function acme(authorization: string): Provider {
  return {
    id: "acme",
    name: "Wrong name",
    type: "oauth",
    authorization,
    token: "https://id.acme.test/token",
    userinfo: "https://id.acme.test/me",
    clientId: "app",
    clientSecret: "app-secret",
    options: { name: "Acme" },
  } as unknown as Provider
}

/** An e-mail provider that keeps what it would have sent. */
export function emailLinks(sent: string[]): Provider {
  return {
    id: "letter",
    name: "Letter",
    type: "email",
    maxAge: 600,
    from: "app@app.test",
    options: {},
    sendVerificationRequest: async ({ url }: { url: string }) => void sent.push(url),
  } as unknown as Provider
}
