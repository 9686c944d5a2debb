import { CredentialsSignin } from "@auth/core/errors"
import { LazySetupError } from "../../errors.js"
import type { GenerateEmail } from "../../store/create/generated-email.js"
import { NO_ADDRESS } from "../../store/create/generated-email.js"
import { generateLazyName } from "../../store/create/generated-name.js"
import { rememberGenerators } from "../../store/create/known-generators.js"
import type { UserRow } from "../../store/tables/user-row.js"
import { lazyUserIds } from "../request/lazy-user-ids.js"
import { type BoundContext, boundProvider, type LazyProviderConfig } from "./bound-provider.js"

/**
 * Options of {@link LazyProvider}.
 * @example
 * const options: LazyProviderOptions = { generateName: () => `visitor-${crypto.randomUUID()}` }
 */
export interface LazyProviderOptions {
  /**
   * Makes a username. Called again when the name is taken.
   * @default `guest-` and ten random characters
   * @example generateName: () => `visitor-${crypto.randomUUID()}`
   */
  generateName?: () => string | Promise<string>
  /**
   * Makes an address for apps whose `email` column is NOT NULL. Return one under `.invalid`, which
   * is reserved and undeliverable (RFC 2606).
   * @default no address: the column stays null
   * @example generateEmail: ({ id }) => `${id}@lazy.invalid`
   */
  generateEmail?: GenerateEmail
}

/**
 * Refuses a new lazy user because `lazy.enabled` is off. Its code in the URL is `lazy_disabled`.
 * @example
 * ```ts
 * const isOff = (error: unknown) => error instanceof LazyDisabled && error.code === "lazy_disabled"
 * ```
 */
export class LazyDisabled extends CredentialsSignin {
  override code = "lazy_disabled"
}

/**
 * Refuses a new lazy user because `lazy.verify` took the visitor for a bot. Its code in the URL is
 * `lazy_not_verified`.
 * @example
 * ```ts
 * const isBot = (error: unknown) => error instanceof VisitorNotVerified
 * ```
 */
export class VisitorNotVerified extends CredentialsSignin {
  override code = "lazy_not_verified"
}

/**
 * Makes the provider behind `signIn("lazy")`, which makes a lazy user and signs it in. A visitor
 * who is signed in already keeps that session. Only `lazy.verify` reads the fields of its form.
 * @example
 * const authConfig = withLazy({ adapter: LazyAdapter(db), providers: [LazyProvider()] })
 */
export function LazyProvider(options: LazyProviderOptions = {}): LazyProviderConfig {
  const { generateName = generateLazyName, generateEmail } = options
  return boundProvider(
    { id: "lazy", name: "a temporary account", credentials: {} },
    {
      check(adapter) {
        if (adapter.lazy.needsEmail && !generateEmail) throw new LazySetupError(NO_ADDRESS)
        rememberGenerators(adapter.lazy, { generateName, ...(generateEmail && { generateEmail }) })
      },
      async authorize(credentials, context) {
        const current = await context.session.current()
        if (current) {
          context.decision = { kind: "keep", current }
          return current.user
        }
        if (!(await isEnabled(context))) throw new LazyDisabled("lazy.enabled is off, so no lazy user was made.")
        if (!(await isVerified(credentials, context)))
          throw new VisitorNotVerified("lazy.verify returned false, so no lazy user was made.")
        // Count after the checks, so that bots can't use up the limits for everyone.
        await context.takeCreation(context.client())
        const { ids, successor } = lazyUserIds(context.config, context.head)
        const session = context.newSession()
        context.exchange.newId = ids[0]
        context.decision = { kind: "create", user: { ids, successor, generateName, generateEmail, session } }
        return candidate(ids[0])
      },
    },
  )
}

async function isVerified(credentials: Record<string, unknown>, context: BoundContext): Promise<boolean> {
  const { options } = context
  if (!options.verify) return true
  const { csrfToken: _, callbackUrl: __, ...form } = credentials
  return options.verify(context.wholeRequest(), form)
}

async function isEnabled(context: BoundContext): Promise<boolean> {
  const { options } = context
  return typeof options.enabled === "function" ? options.enabled(context.wholeRequest()) : options.enabled
}

/**
 * Returns the user as the app's `signIn` callback sees it, before it is in the database and has its
 * name.
 */
function candidate(id: string): UserRow {
  const now = new Date()
  return {
    id,
    name: null,
    email: null,
    emailVerified: null,
    image: null,
    username: null,
    lazySince: now,
    convertedAt: null,
    seenAt: now,
  }
}
