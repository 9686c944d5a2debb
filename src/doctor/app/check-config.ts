import type { Finding } from "../finding.js"
import type { ConfigFacts } from "./read-config.js"

/**
 * Reports what in a configuration does not do what it seems to do, as far as no request is needed
 * to tell.
 */
export function checkConfig(config: ConfigFacts): Finding[] {
  return [
    ...checkHost(config),
    ...checkUrl(config),
    ...checkProviders(config),
    ...checkState(config),
    ...checkSession(config),
  ]
}

/**
 * Reports that Auth.js does not trust the Host header in production:
 * https://authjs.dev/reference/core#trusthost
 */
function checkHost({ trustHost, production }: ConfigFacts): Finding[] {
  if (trustHost || !production) return []
  return [
    {
      code: "trust_host",
      severity: "error",
      message:
        "In production Auth.js refuses every request unless it is told to trust the Host header (UntrustedHost).",
      fix: "AUTH_TRUST_HOST=true",
      where: "trustHost",
    },
  ]
}

/** Finds what of an incomplete URL may be repeated: a secret under the wrong name has no dot. */
const HOST_AND_PATH = /^(?:[a-z]+:)?(?:\/\/)?((?:localhost|[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:\/[\w/-]*)?)$/i

function checkUrl({ url, production, secureCookies }: ConfigFacts): Finding[] {
  if (!url) return []
  const { variable, value } = url
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    return [
      {
        code: "auth_url",
        severity: "error",
        message: `${variable} is not a complete URL, so every request fails. Start it with https:// or http://.`,
        fix: `${variable}=https://${HOST_AND_PATH.exec(value)?.[1] ?? "app.example.com"}`,
        where: variable,
      },
    ]
  }
  const { protocol, hostname, host, pathname } = new URL(value)
  if (!production || secureCookies || protocol === "https:" || isHere(hostname)) return []
  return [
    {
      code: "insecure_url",
      severity: "warning",
      message: `${variable} says http, so session cookies are sent unencrypted and without the __Secure- prefix.`,
      fix: `${variable}=https://${host}${pathname}`,
      where: variable,
    },
  ]
}

const isHere = (hostname: string) =>
  hostname === "localhost" || hostname.endsWith(".localhost") || /^(127\.|\[::1\])/.test(hostname)

function checkProviders({ providerIds }: ConfigFacts): Finding[] {
  if (providerIds.includes("lazy")) return []
  return [
    {
      code: "lazy_provider",
      severity: "error",
      message: "LazyProvider is not among the providers, so no gate can make a lazy user.",
      fix: "providers: [LazyProvider()]",
      where: "providers",
    },
  ]
}

/**
 * Reports OAuth providers that rely on PKCE alone. Many providers accept its parameters and ignore
 * them: https://datatracker.ietf.org/doc/html/rfc9700#section-2.1
 */
function checkState({ pkceOnly }: ConfigFacts): Finding[] {
  if (pkceOnly.length === 0) return []
  return [
    {
      code: "oauth_state",
      severity: "warning",
      message: `Only PKCE ties the answer of ${pkceOnly.join(", ")} to the browser that asked for it. If the provider ignores PKCE, another site can sign a visitor in to an account of that site, and a merge moves the visitor's data there.`,
      fix: 'checks: ["pkce", "state"]',
      where: "providers",
    },
  ]
}

function checkSession({ maxAge, updateAge }: ConfigFacts): Finding[] {
  if (updateAge < maxAge) return []
  return [
    {
      code: "update_age",
      severity: "warning",
      message: `A session lives ${maxAge} seconds, but Auth.js extends it only after ${updateAge} seconds, so never: every lazy user is signed out for good ${maxAge} seconds after the first visit.`,
      fix: `session: { maxAge: ${maxAge}, updateAge: ${Math.floor(maxAge / 10)} }`,
      where: "session.updateAge",
    },
  ]
}
