import { AccessDenied } from "@auth/core/errors"
import type { CredentialsConfig } from "@auth/core/providers/credentials"
import { LazySetupError } from "../errors.js"
import type { LazyAdapter } from "../store/lazy-adapter.js"
import type { RequestHead } from "./config.js"
import type { RequestContext, SignInUser } from "./request-context.js"

/** Signs in with what the form sent. Returns null, or throws CredentialsSignin, to refuse. */
export type BoundAuthorize = (credentials: Record<string, unknown>, context: BoundContext) => Promise<SignInUser | null>

/** A context in which the request is known, as it is whenever a provider is called. */
export type BoundContext = RequestContext & { head: RequestHead }

const BIND = Symbol("authjs-lazy provider")

interface Binding {
  authorize: BoundAuthorize
  /** Throws LazySetupError when the provider can't work with this adapter. */
  check?: (adapter: LazyAdapter) => void
}

/** A credentials provider that learns about the request it works on from `withLazy`. */
export type LazyProviderConfig = Omit<CredentialsConfig, "authorize"> & {
  authorize: (
    credentials: Record<string, unknown>,
    request: RequestHead,
  ) => SignInUser | null | Promise<SignInUser | null>
  [BIND]: Binding
}

/** Makes a provider whose `authorize` needs the request's context; on its own, outside of `withLazy`, it refuses to work. */
export function boundProvider(
  provider: Pick<CredentialsConfig, "id" | "name" | "credentials">,
  binding: Binding,
): LazyProviderConfig {
  return {
    ...provider,
    type: "credentials",
    authorize() {
      throw new LazySetupError(`The provider "${provider.id}" only works in a configuration made by withLazy().`)
    },
    [BIND]: binding,
  }
}

/** @throws LazySetupError when a provider of ours can't work with this adapter */
export function checkProvider(provider: unknown, adapter: LazyAdapter): void {
  if (isBindable(provider)) provider[BIND].check?.(adapter)
}

/** The provider for one request; one that is not ours is returned as it is. */
export function bindProvider<Provider>(provider: Provider, context: RequestContext): Provider {
  if (!isBindable(provider)) return provider
  const { authorize } = provider[BIND]
  return {
    ...provider,
    authorize(credentials: Record<string, unknown>, request: Request) {
      context.head ??= request
      // @auth/sveltekit has Auth.js check no token, and SvelteKit itself only forms.
      const { method, headers } = context.head
      if (method === "POST" && headers.get("sec-fetch-site") === "cross-site")
        throw new AccessDenied("A sign-in that another site has posted.")
      return authorize(credentials, context as BoundContext)
    },
  }
}

function isBindable(provider: unknown): provider is LazyProviderConfig {
  return typeof provider === "object" && provider !== null && BIND in provider
}
