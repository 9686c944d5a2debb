import { describe, expect, it } from "vitest"
import { skipReason } from "../../src/gate/decide.js"

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

/** A person's browser that asks for a page, but for what is given. */
function decide(headers: Record<string, string> = {}, method = "GET", url = "https://app.test/notes") {
  return skipReason({ method, url, headers: new Headers({ "user-agent": CHROME, ...headers }) })
}

describe("people", () => {
  it.each([
    ["Chrome on Windows", CHROME],
    ["Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"],
    [
      "Safari on an iPhone",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    ],
    [
      "Edge on a Mac",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    ],
    [
      "Samsung's browser",
      "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    ],
    [
      "a phone made by Cubot",
      "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    ],
    [
      "the browser inside of the Facebook app",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22F76 [FBAN/FBIOS;FBAV/520.0.0.38.101;FBBV/756351453;FBDV/iPhone15,2]",
    ],
  ])("get a lazy user: %s", (_, userAgent) => {
    expect(decide({ "user-agent": userAgent })).toBeUndefined()
  })

  it("get a lazy user when their browser hides its name", () => {
    expect(skipReason({ method: "GET", url: "https://app.test/", headers: new Headers() })).toBeUndefined()
  })
})

describe("bots", () => {
  it.each([
    ["Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
    [
      "Googlebot in the middle of a browser's name",
      "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.80 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ],
    [
      "Googlebot before the browser's name",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/140.0.7339.80 Safari/537.36",
    ],
    [
      "Bingbot",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    ],
    ["DuckDuckBot", "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)"],
    ["Yandex", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"],
    ["Baidu", "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"],
    [
      "Applebot",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    ],
    [
      "GPTBot",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ],
    [
      "ClaudeBot",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    ],
    ["Facebook's link previews", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"],
    ["Slack's link previews", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"],
    ["Twitter's link previews", "Twitterbot/1.0"],
    ["WhatsApp's link previews", "WhatsApp/2.23.20.0"],
    ["Discord's link previews", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"],
    [
      "Lighthouse",
      "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse",
    ],
    [
      "a Chrome without a window",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
    ],
    ["an uptime monitor", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"],
    ["a load balancer", "ELB-HealthChecker/2.0"],
    ["Kubernetes", "kube-probe/1.31"],
    ["curl", "curl/8.5.0"],
    ["a Python script", "python-requests/2.32.3"],
  ])("get none: %s", (_, userAgent) => {
    expect(decide({ "user-agent": userAgent })).toBe("bot")
  })
})

describe("pages that are loaded ahead", () => {
  const navigation = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }

  it.each([
    ["Chrome, <link rel=prefetch>", { purpose: "prefetch", "sec-purpose": "prefetch", "sec-fetch-dest": "empty" }],
    ["Chrome, speculation rules", { ...navigation, "sec-purpose": "prefetch" }],
    ["Chrome, through Google's proxy", { "sec-purpose": "prefetch;anonymous-client-ip", "sec-fetch-site": "none" }],
    ["Chrome, prerendering", { ...navigation, purpose: "prefetch", "sec-purpose": "prefetch;prerender" }],
    ["Chrome, a preview of a link", { ...navigation, "sec-purpose": "prefetch;prerender;preview" }],
    ["Firefox", { ...navigation, "sec-purpose": "prefetch" }],
    ["Firefox before 115", { "x-moz": "prefetch" }],
    ["Safari", { purpose: "prefetch" }],
    ["Safari, top sites", { "x-purpose": "preview" }],
    ["Next.js, app router", { rsc: "1", "next-router-prefetch": "1", "next-url": "/" }],
    ["Next.js, one segment", { rsc: "1", "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" }],
    ["Next.js, pages router", { purpose: "prefetch", "x-nextjs-data": "1", "x-middleware-prefetch": "1" }],
    ["Turbo", { "x-sec-purpose": "prefetch", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }],
    ["whatever writes it large", { Purpose: "Prefetch" }],
  ])("make no lazy user: %s", (_, headers: Record<string, string>) => {
    expect(decide(headers)).toBe("prefetch")
  })

  it.each([
    ["a click in Next.js", { rsc: "1", "next-url": "/", "next-router-state-tree": "%5B%5D" }],
    ["a purpose of another kind", { "sec-purpose": "navigation" }],
    ["an ordinary page", navigation],
  ])("are no ordinary visit: %s makes one", (_, headers: Record<string, string>) => {
    expect(decide(headers)).toBeUndefined()
  })
})

describe("methods", () => {
  it.each(["HEAD", "OPTIONS", "TRACE"])("%s looks at nothing and makes no lazy user", (method) => {
    expect(decide({}, method)).toBe("method")
  })

  it.each(["GET", "POST", "PUT", "PATCH", "DELETE"])("%s from the app's own pages makes one", (method) => {
    expect(decide({ "sec-fetch-site": "same-origin", origin: "https://app.test" }, method)).toBeUndefined()
  })
})

describe("requests from other sites", () => {
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }

  it.each([
    ["a link on another site", "GET", link],
    ["an address typed in", "GET", { ...link, "sec-fetch-site": "none" }],
    ["a form of the app itself", "POST", { ...link, "sec-fetch-site": "same-origin", origin: "https://app.test" }],
    ["a form of a sibling domain", "POST", { ...link, "sec-fetch-site": "same-site", origin: "https://www.app.test" }],
    ["a fetch of the app itself", "POST", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }],
    ["an old browser following a link", "GET", { referer: "https://other.test/" }],
    ["an old browser posting the app's form", "POST", { origin: "https://app.test" }],
  ])("%s (%s) makes a lazy user", (_, method, headers: Record<string, string>) => {
    expect(decide(headers, method)).toBeUndefined()
  })

  it.each([
    ["a form on another site", "POST", { ...link, origin: "https://other.test" }],
    ["a form on a page without an origin", "POST", { ...link, origin: "null" }],
    ["a frame on another site", "GET", { ...link, "sec-fetch-dest": "iframe" }],
    ["a form posted into a frame", "POST", { ...link, "sec-fetch-dest": "iframe" }],
    ["an old-fashioned plug-in", "GET", { ...link, "sec-fetch-dest": "object" }],
    ["an image on another site", "GET", { ...link, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["a fetch from another site", "GET", { ...link, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }],
    ["an old browser posting another site's form", "POST", { origin: "https://other.test" }],
    ["an old browser posting from a page without an origin", "POST", { origin: "null" }],
    ["an old browser posting from the same host over http", "POST", { origin: "http://app.test" }],
    ["an old browser posting from another port", "POST", { origin: "https://app.test:8443" }],
    ["a fetch that claims another method", "PROPFIND", { ...link }],
  ])("%s (%s) makes none", (_, method, headers: Record<string, string>) => {
    expect(decide(headers, method)).toBe("cross-site")
  })

  const referer = "https://other.test/"
  const image = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
  it.each([
    ["an image in Chrome", { accept: image, referer }],
    ["an image of a page that hides its address", { accept: image }],
    ["an image in Firefox", { accept: "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5" }],
    ["an image in Safari", { accept: "image/webp,image/avif,image/jxl,image/*,video/*;q=0.8,*/*;q=0.5", referer }],
    ["a script", { accept: "*/*", referer }],
    ["a script of a page that hides its address", { accept: "*/*" }],
    ["an old script", { accept: "application/javascript, */*;q=0.8" }],
    ["a style sheet", { accept: "text/css,*/*;q=0.1" }],
    ["a font in Firefox", { accept: "application/font-woff2;q=1.0,application/font-woff;q=0.9,*/*;q=0.8" }],
    [
      "a film in Firefox",
      { accept: "video/webm,video/ogg,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6,*/*;q=0.5" },
    ],
    ["a sound in Firefox", { accept: "audio/webm,audio/ogg,audio/wav,audio/*;q=0.9,*/*;q=0.5" }],
    ["a film in Chrome", { accept: "*/*", range: "bytes=0-", referer }],
    ["a fetch in mode no-cors", { accept: "application/json", referer }],
    ["a page of the same host over http", { accept: image, referer: "http://app.test/" }],
  ])("%s makes none without Fetch Metadata", (_, headers: Record<string, string>) => {
    expect(decide(headers)).toBe("cross-site")
  })

  it.each([
    ["a page", { accept: "text/html,application/xhtml+xml,*/*;q=0.8", referer }],
    ["a script's question of the app's own", { accept: "*/*", referer: "https://app.test/page" }],
    ["an image of the app's own", { accept: image, referer: "https://app.test/page" }],
    ["a script's question for JSON", { accept: "application/json" }],
    ["a script's question that names itself", { accept: "*/*", "x-requested-with": "XMLHttpRequest" }],
    ["a question with a key", { accept: "*/*", authorization: "Bearer key" }],
    ["a stream of events", { accept: "text/event-stream" }],
    ["an app on a phone", { accept: "*/*", "user-agent": "Notes/3 CFNetwork/1568 Darwin/24.0" }],
    ["a client that says nothing", {}],
    ["a click in Next.js", { accept: "*/*", rsc: "1" }],
  ])("%s makes a lazy user without Fetch Metadata", (_, headers: Record<string, string>) => {
    expect(decide(headers)).toBeUndefined()
  })

  it("believes Fetch Metadata before Origin: a redirect through another site makes Origin null", () => {
    expect(decide({ "sec-fetch-site": "same-origin", origin: "null" }, "POST")).toBeUndefined()
  })
})

it("gives the first of several reasons: method, prefetch, bot, another site", () => {
  const all = { "user-agent": "Twitterbot/1.0", purpose: "prefetch", origin: "https://other.test" }
  expect(decide(all, "HEAD")).toBe("method")
  expect(decide(all, "POST")).toBe("prefetch")
  expect(decide({ ...all, purpose: "" }, "POST")).toBe("bot")
  expect(decide({ origin: "https://other.test" }, "POST")).toBe("cross-site")
})
