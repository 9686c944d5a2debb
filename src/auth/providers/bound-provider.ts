import type { AuthConfig } from "@auth/core"
import { AccessDenied } from "@auth/core/errors"
import type { CredentialsConfig } from "@auth/core/providers/credentials"
import type { EmailConfig } from "@auth/core/providers/email"
import type { User } from "@auth/core/types"
import { LazySetupError } from "../../errors.js"
import { SetupProblems } from "../../setup-problems.js"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import { NO_PROOFS } from "../../store/tables/column-rules.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { RequestContext } from "../context/request-context.js"
import type { RequestHead } from "../request/head.js"
import { senderOf } from "../request/sender.js"

/** Signs in with the fields of a form. Returns null, or throws CredentialsSignin, to refuse. */
type BoundAuthorize = (credentials: Record<string, unknown>, context: BoundContext) => Promise<UserRow | null>

/** A context whose request is known, as it is whenever Auth.js calls a provider. */
export type BoundContext = RequestContext & { head: RequestHead }

const BIND = Symbol("authjs-lazy provider")

interface Binding {
  authorize: BoundAuthorize
  /**
   * Checks the adapter.
   * @throws LazySetupError when the provider can't work with this adapter
   */
  check?: (adapter: InternalAdapter) => void
}

/**
 * A credentials provider that `withLazy` binds to each request. It returns the `User` of Auth.js,
 * to which an app may add properties that the database does not know.
 */
export type LazyProviderConfig = Omit<CredentialsConfig, "authorize"> & {
  authorize: (credentials: Record<string, unknown>, request: RequestHead) => User | null | Promise<User | null>
  [BIND]: Binding
}

/** Makes a provider whose `authorize` gets the request's context; it throws outside `withLazy`. */
export function boundProvider(
  provider: Pick<CredentialsConfig, "id" | "name" | "credentials">,
  binding: Binding,
): LazyProviderConfig {
  return {
    ...provider,
    type: "credentials",
    authorize() {
      throw new LazySetupError(
        `The provider "${provider.id}" works only inside withLazy: withLazy({ providers: [...] }).`,
      )
    },
    [BIND]: binding,
  }
}

type Provider = AuthConfig["providers"][number]

/** Says why a provider can't work with this adapter, with the fixes. */
export function problemsOf(provider: Provider, adapter: InternalAdapter): readonly string[] {
  const problems = new SetupProblems()
  if (isBindable(provider)) problems.try(() => provider[BIND].check?.(adapter))
  else if (!adapter.lazy.recordsProofs && isEmail(provider)) problems.add(`The provider "${provider.id}": ${NO_PROOFS}`)
  return problems.all
}

/** A function makes a provider only once Auth.js calls it; those for e-mail are objects. */
const isEmail = (provider: Provider): provider is EmailConfig => "type" in provider && provider.type === "email"

/**
 * Binds a provider to one request. Credentials and e-mail providers of other packages record the
 * request that Auth.js passes them, because some integrations ask for a configuration without one.
 */
export function bindProvider(provider: Provider, context: RequestContext): Provider {
  if (isBindable(provider)) {
    const { authorize } = provider[BIND]
    return withAuthorize(
      provider,
      (credentials) => {
        refuseCrossSite(context)
        return authorize(credentials, context as BoundContext)
      },
      context,
    )
  }
  if (typeof provider === "function") return ((options) => bindMade(provider(options), context)) as typeof provider
  return bindMade(provider, context)
}

type Made = Exclude<Provider, (...args: never[]) => unknown>

function bindMade(provider: Made, context: RequestContext): Made {
  if (provider.type === "credentials") {
    const { authorize } = effective(provider)
    return withAuthorize(provider, authorize, context)
  }
  return provider.type === "email" ? withSending(provider, context) : provider
}

/**
 * Merges the settings of a provider as Auth.js does: `options`, from the app, win over defaults.
 */
function effective<Settings extends object>(provider: Settings & { options?: Partial<Settings> }): Settings {
  return { ...provider, ...provider.options }
}

/** Sets a setting of a provider and drops the one in `options`, which Auth.js would prefer. */
function replaced<Settings extends object, Name extends keyof Settings>(
  provider: Settings & { options?: object },
  name: Name,
  value: Settings[Name],
): Settings {
  const options =
    provider.options && Object.fromEntries(Object.entries(provider.options).filter(([key]) => key !== name))
  return { ...provider, [name]: value, ...(options && { options }) }
}

function withAuthorize(
  provider: CredentialsConfig,
  authorize: CredentialsConfig["authorize"],
  context: RequestContext,
): CredentialsConfig {
  return replaced(provider, "authorize", (credentials, request) => {
    context.request.take("authorize")
    context.request.learn(request)
    context.method = { kind: "credentials" }
    return authorize(credentials, request)
  })
}

function withSending(provider: EmailConfig, context: RequestContext): EmailConfig {
  const { sendVerificationRequest } = effective(provider)
  return replaced(provider, "sendVerificationRequest", (params) => {
    context.request.learn(params.request)
    return sendVerificationRequest(params)
  })
}

/**
 * Refuses a form that another site posted. @auth/sveltekit turns off the CSRF check of Auth.js, and
 * SvelteKit itself checks only forms. Forms of an old browser on a page with `no-referrer` have the
 * origin `null`, and pass.
 */
function refuseCrossSite({ head }: RequestContext): void {
  if (head?.method === "POST" && senderOf(head) === "cross-site")
    throw new AccessDenied("Another site posted this sign-in form.")
}

function isBindable(provider: unknown): provider is LazyProviderConfig {
  return typeof provider === "object" && provider !== null && BIND in provider
}
