import type { Finding } from "../finding.js"
import type { ConfigFacts } from "./read-config.js"

/** Whether a configuration does what it seems to do, as far as it can be told without a request. */
export function checkConfig(config: ConfigFacts): Finding[] {
  return [
    ...checkHost(config),
    ...checkUrl(config),
    ...checkProviders(config),
    ...checkState(config),
    ...checkSession(config),
  ]
}

/** The rule of Auth.js: https://authjs.dev/reference/core#trusthost */
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

function checkUrl({ url, production, secureCookies }: ConfigFacts): Finding[] {
  if (!url) return []
  const { variable, value } = url
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    return [
      {
        code: "auth_url",
        severity: "error",
        message: `${variable} is not a whole address, so every request fails. It begins with https:// or http://.`,
        fix: `${variable}=https://${value.replace(/^.*?:?\/\//, "")}`,
        where: variable,
      },
    ]
  }
  const { protocol, hostname, href } = new URL(value)
  if (!production || secureCookies || protocol === "https:" || isHere(hostname)) return []
  return [
    {
      code: "insecure_url",
      severity: "warning",
      message: `${variable} says http, so session cookies are sent unencrypted and without the __Secure- prefix.`,
      fix: `${variable}=${href.replace("http:", "https:")}`,
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
 * Many OAuth providers accept the parameters of PKCE and ignore them:
 * https://datatracker.ietf.org/doc/html/rfc9700#section-2.1
 */
function checkState({ pkceOnly }: ConfigFacts): Finding[] {
  if (pkceOnly.length === 0) return []
  return [
    {
      code: "oauth_state",
      severity: "warning",
      message: `Nothing but PKCE ties the answer of ${pkceOnly.join(", ")} to the browser that asked. Where the provider ignores PKCE, another site can sign a visitor in to an account of its own, and a merge carries there what the visitor made.`,
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
      message: `A session lives ${maxAge} seconds and is extended after ${updateAge} seconds at the earliest, so it never is: lazy users are lost in the middle of what they do, ${maxAge} seconds after they came.`,
      fix: `session: { maxAge: ${maxAge}, updateAge: ${Math.floor(maxAge / 10)} }`,
      where: "session.updateAge",
    },
  ]
}
