import { request as httpRequest, type IncomingMessage } from "node:http"
import { Browser } from "../setup/browser-jar.js"

/** Describes the JSON of a gated page in an app under the contract. */
export interface Page {
  /** The session that the gate's middleware gives to the handler. */
  session: { user: { id: string; isLazy: boolean; username: string | null } } | null
  /** True when the handler's request carries a session cookie. */
  cookieSeen: boolean
  /** The session that the framework's integration of Auth.js reads in the handler. */
  own: { user: { id: string } } | null
}

/** Describes a request as it goes over the wire. */
export interface Sent {
  port: number
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

/**
 * Sends a request unchanged, and resolves with the head of the answer, before its body is read.
 * `fetch` would set the mode and the host, and refuse some methods.
 */
export function open({ port, method = "GET", path, headers, body }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, resolve)
    // Only a server with WebSockets answers so, and no app under the contract has them.
    outgoing.on("upgrade", (_response, socket) => reject(socket.destroy(new Error("The server has upgraded."))))
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}

/** Sends a request and resolves with the whole answer, like `fetch`. */
export async function send(sent: Sent): Promise<Response> {
  const answer = await open(sent)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const { statusCode: status = 0 } = answer
  const headers = new Headers()
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    headers.append(answer.rawHeaders[i] as string, answer.rawHeaders[i + 1] as string)
  return new Response([204, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers })
}

export const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
const SAFARI =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"

/** Headers of a browser that opens a page of the app. */
export const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" }

/** Headers of an API call from a script of the app. */
export const API = { accept: "application/json", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }

/** Headers with which browsers load a page ahead, before the person opens it. */
export const AHEAD: Record<string, Record<string, string>> = {
  "Chrome, link rel=prefetch": {
    "user-agent": CHROME,
    purpose: "prefetch",
    "sec-purpose": "prefetch",
    "sec-fetch-mode": "no-cors",
    "sec-fetch-dest": "empty",
    "sec-fetch-site": "same-origin",
  },
  "Chrome, prefetched by speculation rules": {
    "user-agent": CHROME,
    ...NAVIGATION,
    "sec-fetch-site": "same-origin",
    "sec-purpose": "prefetch",
  },
  "Chrome, prefetched through Google's proxy": {
    "user-agent": CHROME,
    ...NAVIGATION,
    "sec-purpose": "prefetch;anonymous-client-ip",
  },
  "Chrome, prerendered": {
    "user-agent": CHROME,
    ...NAVIGATION,
    "sec-fetch-site": "same-origin",
    purpose: "prefetch",
    "sec-purpose": "prefetch;prerender",
  },
  Firefox: {
    "user-agent": FIREFOX,
    "sec-purpose": "prefetch",
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "no-cors",
    "sec-fetch-site": "same-origin",
  },
  "Firefox before 115": { "user-agent": FIREFOX.replaceAll("143", "110"), "x-moz": "prefetch" },
  Safari: { "user-agent": SAFARI, purpose: "prefetch" },
  "Safari, top sites": { "user-agent": SAFARI, "x-purpose": "preview" },
  "Next.js, app router": {
    "user-agent": CHROME,
    rsc: "1",
    "next-router-prefetch": "1",
    "next-url": "/",
    "sec-fetch-mode": "cors",
  },
  "Next.js, pages router": { "user-agent": CHROME, purpose: "prefetch", "x-nextjs-data": "1" },
}

/** Tells whether the browser keeps such a page for a later click. Safari keeps no previews. */
export const isKeptByBrowser = (name: string) => !/^Next|top sites/.test(name)

/** User agents of bots. */
export const BOTS: Record<string, string> = {
  Googlebot:
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.80 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  Bingbot:
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
  GPTBot: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
  "Twitter's link previews": "Twitterbot/1.0",
  "Slack's link previews": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
  "an uptime monitor": "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
  "a load balancer": "ELB-HealthChecker/2.0",
  Kubernetes: "kube-probe/1.31",
  curl: "curl/8.5.0",
}

/** Acts as a person's browser on an app under the contract. */
export class Visitor extends Browser {
  /**
   * @param proxy headers that a proxy in front of the app adds to every request
   * @param origin address that the visitor sees, which may have another port than the app
   */
  constructor(port: number, proxy: Record<string, string> = {}, origin = `http://localhost:${port}`) {
    super(origin, async (request) => {
      const { pathname, search, host } = new URL(request.url)
      return send({
        port,
        method: request.method,
        path: `${pathname}${search}`,
        headers: { ...NAVIGATION, ...Object.fromEntries(request.headers), host, ...proxy },
        body: request.body ? await request.text() : undefined,
      })
    })
  }

  /** Opens a gated page that must let the visitor in; repeats the request if the gate asks. */
  async page(path = "/", options?: Parameters<Browser["visit"]>[1]): Promise<Page> {
    const first = await this.visit(path, options)
    const isSentBack = first.status === 307 && first.headers.get("location") === path
    const answer = isSentBack ? await this.visit(path, options) : first
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text}`)
    return JSON.parse(text)
  }
}
