import type { AuthConfig } from "@auth/core"
import { SetupProblems } from "../../setup-problems.js"

type Cookies = NonNullable<AuthConfig["cookies"]>

/** Every cookie of Auth.js: https://authjs.dev/reference/core#cookies */
const COOKIES: readonly (keyof Cookies)[] = [
  "sessionToken",
  "callbackUrl",
  "csrfToken",
  "pkceCodeVerifier",
  "state",
  "nonce",
  "webauthnChallenge",
]

/**
 * The attributes with which a browser stores a cookie in an iframe on another site. It keeps one for
 * each site that embeds the app (CHIPS, https://github.com/privacycg/CHIPS).
 */
export const FRAME_COOKIE = { sameSite: "none", secure: true, partitioned: true } as const

/** An origin in the syntax of `frame-ancestors`, with an optional port. */
const SITE = /^https?:\/\/[a-z\d-]+(?:\.[a-z\d-]+)*(?::\d+)?$/
/** An origin on this machine, to which browsers send `Secure` cookies over plain HTTP. */
const LOCAL = /^http:\/\/(?:localhost|[a-z\d-]+(?:\.[a-z\d-]+)*\.localhost|127\.0\.0\.1)(?::\d+)?$/

/**
 * Checks the sites that may embed the app, and that the options of its cookies allow for frames.
 * @throws LazySetupError when a site is not an origin, or a cookie has other attributes
 */
export function checkEmbedding(embedded: unknown, cookies: AuthConfig["cookies"]): void {
  const problems = new SetupProblems()
  if (!Array.isArray(embedded))
    problems.add('lazy.embedded must be a list of origins: lazy: { embedded: ["https://partner.example"] }.')
  else {
    for (const site of embedded) if (!isSite(site)) problems.add(refusalOf(site))
    if (embedded.length > 0) problems.add(...contradictions(cookies ?? {}))
  }
  problems.refuse()
}

function isSite(site: unknown): boolean {
  if (typeof site !== "string" || !SITE.test(site) || !URL.canParse(site) || new URL(site).origin !== site) return false
  return site.startsWith("https:") || LOCAL.test(site)
}

function refusalOf(site: unknown): string {
  const start = `lazy.embedded: ${JSON.stringify(site)} is not the origin of a site`
  const origin = typeof site === "string" && URL.canParse(site) ? new URL(site).origin : ""
  if (isSite(origin)) return `${start}. Write "${origin}".`
  const secure = origin.replace(/^http:/, "https:")
  if (isSite(secure))
    return `${start} with TLS. Anyone on the network can impersonate a site without it. Write "${secure}".`
  return `${start}. Name each site by scheme and host, without a wildcard: embedded: ["https://partner.example"].`
}

/** Lists the options of the app's cookies with which a browser would not store them in a frame. */
function contradictions(cookies: Cookies): string[] {
  return COOKIES.flatMap((name) => {
    const { sameSite, secure, partitioned } = (cookies[name]?.options ?? {}) as Record<string, unknown>
    const wrong = [
      sameSite !== undefined && String(sameSite).toLowerCase() !== "none" && "sameSite",
      secure === false && "secure",
      partitioned === false && "partitioned",
    ].filter((option) => option !== false)
    return wrong.map(
      (option) =>
        `lazy.embedded needs SameSite=None; Secure; Partitioned on every cookie of Auth.js, and sets them. Remove ` +
        `\`${option}\` from cookies.${name}.options.`,
    )
  })
}

/** Adds the attributes for frames to every cookie of Auth.js, and keeps the app's other options. */
export function frameCookies(own: AuthConfig["cookies"] = {}): Cookies {
  // Auth.js adds the names and the other options.
  return Object.fromEntries(
    COOKIES.map((name) => [name, { ...own[name], options: { ...own[name]?.options, ...FRAME_COOKIE } }]),
  ) as Cookies
}

/** Returns the `Content-Security-Policy` that lets only these sites and the app itself embed it. */
export function framePolicy(embedded: readonly string[]): string {
  return `frame-ancestors 'self' ${embedded.join(" ")}`
}
