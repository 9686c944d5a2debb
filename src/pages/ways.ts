import type { AuthConfig } from "@auth/core"
import type { RequestConfig } from "../auth/config/request-config.js"
import { actionUrl } from "../auth/internal-call.js"
import { LazySetupError } from "../errors.js"

/** What people are known by in this app: the field that comes before the password. */
export type IdentifierField = "username" | "email"

/** A field that a passkey provider wants filled by somebody who is not signed in. */
export interface PasskeyField {
  name: string
  label: string
  type: string
  required: boolean
  autocomplete: string | undefined
}

/** A provider of the configuration through which somebody can become a real user, other than with a password. */
export interface Way {
  id: string
  name: string
  type: "oauth" | "oidc" | "email" | "webauthn"
  signinUrl: string
  /** Only of a passkey provider. */
  fields: PasskeyField[]
}

/**
 * Reads from the ConvertProvider in a configuration what people are known by.
 * @throws LazySetupError when there is none
 */
export function readIdentifierField(providers: AuthConfig["providers"]): IdentifierField {
  const convert = providers.map(resolve).find(({ id, type }) => id === "convert" && type === "credentials")
  if (!convert) throw new LazySetupError("convertPage needs `ConvertProvider()` among the `providers`.")
  return "email" in (convert.credentials ?? {}) ? "email" : "username"
}

/** The OAuth, OpenID, e-mail and passkey providers of a configuration, in its order. */
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

/** A provider as Auth.js sees it: made where it is a function, with the app's `options` over the provider's own. */
function resolve(provider: AuthConfig["providers"][number]): Resolved {
  const { options, ...own } = (typeof provider === "function" ? provider() : provider) as Resolved & {
    options?: Partial<Resolved>
  }
  return { ...own, id: options?.id ?? own.id, name: options?.name ?? own.name }
}

function isWay(type: string): type is Way["type"] {
  return ["oauth", "oidc", "email", "webauthn"].includes(type)
}
