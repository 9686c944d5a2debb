import { type AuthConfig, setEnvDefaults } from "@auth/core"
import type { LazyAuth, LazyRequest } from "./config.js"

/** A configuration whose base path is settled. */
export type RequestConfig = AuthConfig & { basePath: string }

/**
 * The configuration for a request with the defaults of the environment (`AUTH_SECRET`, `AUTH_URL`, …) filled in, as the integrations of
 * Auth.js do: https://authjs.dev/guides/environment-variables
 */
export function requestConfig(auth: LazyAuth, request: LazyRequest): RequestConfig {
  const config = auth(request)
  // An AUTH_URL without a path means the default one, where setEnvDefaults would take the path to be "/".
  config.basePath ??= pathOf(process.env.AUTH_URL) ?? "/auth"
  setEnvDefaults(process.env, config, true)
  return config as RequestConfig
}

function pathOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined
  const path = new URL(url).pathname.replace(/\/$/, "")
  return path === "" ? undefined : path
}
