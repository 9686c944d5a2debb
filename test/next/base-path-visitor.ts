import { expect } from "vitest"
import { send } from "../contract/gate-contract-visitor.js"
import { Browser, type VisitOptions } from "../setup/browser-jar.js"

/**
 * Makes a browser at https://app.test, whose requests reach the app as plain HTTP for its own host.
 */
export class Visitor extends Browser {
  constructor(private readonly port: number) {
    super("https://app.test", async (request) => {
      const { pathname, search } = new URL(request.url)
      const method = request.method
      const headers = { ...Object.fromEntries(request.headers), host: `127.0.0.1:${port}` }
      const body = request.body ? await request.text() : undefined
      return seenFromOutside(await send({ port, method, path: `${pathname}${search}`, headers, body }), port)
    })
  }

  /** The JSON that a page shows, or that a route handler answers with. */
  async read<Told>(path: string, options?: VisitOptions): Promise<Told> {
    const answer = await this.visit(path, options)
    const text = await answer.text()
    const shown = text.startsWith("{") ? text : /<pre>(.*?)<\/pre>/s.exec(text)?.[1]
    if (answer.status !== 200 || !shown) throw new Error(`${path} answered ${answer.status}: ${text}`)
    return JSON.parse(unescapeHtml(shown))
  }

  /** Posts the form of a page as a browser without JavaScript does. */
  async act(fields: Record<string, string>, path = "/app/form"): Promise<Response> {
    const page = await (await this.visit(path)).text()
    const form = new FormData()
    for (const [, name = "", value = ""] of page.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g))
      form.append(name, unescapeHtml(value))
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    const sent = new Response(form)
    const body = await sent.text()
    const headers = { "content-type": sent.headers.get("content-type") ?? "", origin: this.origin }
    const url = new URL(path, this.origin).href
    const cookie = await this.jar.getCookieString(url)
    const userAgent = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0" }
    const host = { host: `127.0.0.1:${this.port}` }
    const answer = await send({
      port: this.port,
      method: "POST",
      path,
      headers: { ...host, ...headers, ...userAgent, cookie },
      body,
    })
    for (const each of answer.headers.getSetCookie()) await this.jar.setCookie(each, url)
    return seenFromOutside(answer, this.port)
  }
}

/** Behind a proxy no answer may name the host that the app listens on. */
function seenFromOutside(answer: Response, port: number): Response {
  const location = answer.headers.get("location")
  if (location !== null) expect(new URL(location, "https://app.test").port).not.toBe(String(port))
  return answer
}

/** The text that HTML shows. */
export function unescapeHtml(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
}

/** What a page tells of a session. */
export interface Told {
  user: { id: string; isLazy: boolean }
}
