import type { Browser } from "../setup/browser-jar.js"

const SCRIPT = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  accept: "*/*",
  "sec-fetch-mode": "cors",
  "sec-fetch-dest": "empty",
  "sec-fetch-site": "same-origin",
}

/** Lets a client send requests as a script in a browser does, which follows redirects. */
export function fetchOf(browser: Browser, more: Record<string, string> = {}) {
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = String(input)
    const headers = new Headers(init.headers)
    const cookie = await browser.jar.getCookieString(url)
    for (const [name, value] of Object.entries({ ...SCRIPT, cookie, ...more })) headers.set(name, value)
    const response = await fetch(url, { ...init, headers, redirect: "manual" })
    for (const set of response.headers.getSetCookie()) await browser.jar.setCookie(set, url)
    if (response.status !== 307) return response
    return send(new URL(response.headers.get("location") ?? "", url), init)
  }
  return send
}
