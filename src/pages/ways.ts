import type { AuthConfig } from "@auth/core"
import type { RequestConfig } from "../auth/config/request-config.js"
import { actionUrl } from "../auth/internal-call.js"
import { LazySetupError } from "../errors.js"
import type { IdentifierField } from "../messages/problem.js"

/** Describes a field that a passkey provider asks of a visitor without a session. */
export interface PasskeyField {
  name: string
  label: string
  type: string
  required: boolean
  autocomplete: string | undefined
}

/** Describes a provider through which a person becomes a real user without a password. */
export interface Way {
  id: string
  name: string
  type: "oauth" | "oidc" | "email" | "webauthn"
  signinUrl: string
  /** The fields of a passkey provider; empty for others. */
  fields: PasskeyField[]
}

/**
 * Reads from the ConvertProvider whether people sign in by username or by e-mail address.
 * @throws LazySetupError when the configuration has no ConvertProvider
 */
export function readIdentifierField(providers: AuthConfig["providers"]): IdentifierField {
  const convert = providers.map(resolve).find(({ id, type }) => id === "convert" && type === "credentials")
  if (!convert)
    throw new LazySetupError(
      "convertPage found no ConvertProvider in the configuration. Add `ConvertProvider()` to `providers`.",
    )
  return "email" in (convert.credentials ?? {}) ? "email" : "username"
}

/** Returns the OAuth, OpenID, e-mail and passkey providers of a configuration, in its order. */
export function readWays(config: RequestConfig, origin: string): Way[] {
  return config.providers.map(resolve).flatMap(({ id, name, type, formFields = {} }) =>
    isWay(type)
      ? {
          id,
          name: name ?? id,
          type,
          signinUrl: actionUrl(origin, config, `signin/${encodeURIComponent(id)}`),
          fields: Object.entries(formFields).map(([key, field]) => ({
            name: key,
            label: field.label ?? key,
            type: field.type ?? "text",
            required: Boolean(field.required),
            autocomplete: field.autocomplete,
          })),
        }
      : [],
  )
}

interface Resolved {
  id: string
  name?: string
  type: string
  credentials?: Record<string, unknown>
  formFields?: Record<string, { label?: string; type?: string; required?: boolean; autocomplete?: string }>
}

/**
 * Resolves a provider as Auth.js does: calls it when it is a function, and lets the app's `options`
 * win over the provider's own.
 */
function resolve(provider: AuthConfig["providers"][number]): Resolved {
  const { options, ...own } = (typeof provider === "function" ? provider() : provider) as Resolved & {
    options?: Partial<Resolved>
  }
  return { ...own, id: options?.id ?? own.id, name: options?.name ?? own.name }
}

function isWay(type: string): type is Way["type"] {
  return ["oauth", "oidc", "email", "webauthn"].includes(type)
}
