import { type AuthConfig, setEnvDefaults } from "@auth/core"
import { MissingSecret, UntrustedHost } from "@auth/core/errors"
import { LazySetupError } from "../../errors.js"
import type { LazyAuth, LazyRequest } from "../request/head.js"
import { configuredPath } from "../request/public-url.js"
import { logError } from "./log-error.js"

const DEFAULT_PATH = "/auth"

/** A configuration with its base path. */
export type RequestConfig = AuthConfig & { basePath: string }

/**
 * Makes the configuration for a request, with the defaults of the environment (`AUTH_SECRET`,
 * `AUTH_URL`, …), as the integrations of Auth.js do:
 * https://authjs.dev/guides/environment-variables
 */
export function requestConfig(auth: LazyAuth, request: LazyRequest): RequestConfig {
  const config = auth(request)
  // For an AUTH_URL without a path, setEnvDefaults would set the base path to "/".
  config.basePath ??= configuredPath() ?? DEFAULT_PATH
  setEnvDefaults(process.env, config, true)
  return config as RequestConfig
}

/**
 * Makes the configuration for reading a session, without the defaults that only providers need,
 * such as `AUTH_GITHUB_ID`: reading the environment is slow.
 */
export function sessionConfig(auth: LazyAuth, request: LazyRequest): RequestConfig {
  const config = auth(request)
  config.basePath ??= configuredPath() ?? DEFAULT_PATH
  addEnvironment(config)
  return config as RequestConfig
}

/** Adds the secret and `trustHost` of the environment, in place, where a configuration has none. */
export function addEnvironment(config: AuthConfig): void {
  if (config.trustHost !== undefined && config.secret?.length) return
  const { secret, trustHost } = environment()
  config.trustHost ??= trustHost
  if (!config.secret?.length) config.secret = secret
}

/**
 * Checks what Auth.js checks before it reads a session, and logs what is wrong as Auth.js does.
 * @throws LazySetupError when the secret is missing or the host is not trusted
 */
export function checkRequestConfig(config: RequestConfig, url: string): void {
  if (!config.trustHost) logError(config, new UntrustedHost(`Host must be trusted. URL was: ${new URL(url).origin}`))
  else if (!config.secret?.length) logError(config, new MissingSecret("Please define a `secret`"))
  else return
  throw new LazySetupError("Auth.js refuses this configuration. Fix the error that it logged just before this one.")
}

type Environment = Required<Pick<AuthConfig, "secret" | "trustHost">>

/** The variables that may change while the process runs; those of platforms do not. */
const VARIABLES = ["AUTH_URL", "AUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_2", "AUTH_SECRET_3", "AUTH_TRUST_HOST"]

let read: { key: string; environment: Environment } | undefined

function environment(): Environment {
  const key = VARIABLES.map((name) => process.env[name]).join("\n")
  if (read?.key !== key) {
    const config: AuthConfig = { providers: [], basePath: DEFAULT_PATH }
    setEnvDefaults(process.env, config, true)
    read = { key, environment: config as Environment }
  }
  return read.environment
}
