import { CredentialsSignin } from "@auth/core/errors"
import { LazySetupError } from "../../errors.js"
import type { GenerateEmail } from "../../store/create/generated-email.js"
import { NO_ADDRESS } from "../../store/create/generated-email.js"
import { generateLazyName } from "../../store/create/generated-name.js"
import type { UserRow } from "../../store/tables/user-row.js"
import { lazyUserIds } from "../request/lazy-user-ids.js"
import { type BoundContext, boundProvider, type LazyProviderConfig } from "./bound-provider.js"

/** How lazy users are made; see {@link LazyProvider}. */
export interface LazyProviderOptions {
  /** Makes a username; called again when that one is taken. Default: `guest-` and ten random characters. */
  generateName?: () => string | Promise<string>
  /**
   * Makes an address for apps whose `email` column is NOT NULL. Return one under the reserved, undeliverable domain `.invalid`
   * (RFC 2606), such as `` `${id}@lazy.invalid` ``. Default: none; the column stays null.
   */
  generateEmail?: GenerateEmail
}

/** New lazy users are turned off (`lazy.enabled`). Its code in the URL is `lazy_disabled`. */
export class LazyDisabled extends CredentialsSignin {
  override code = "lazy_disabled"
}

/** The app's `lazy.verify` takes the visitor for a bot. Its code in the URL is `lazy_not_verified`. */
export class VisitorNotVerified extends CredentialsSignin {
  override code = "lazy_not_verified"
}

/**
 * The provider behind `signIn("lazy")`: makes a lazy user and signs it in. Who is signed in already, as whoever, stays so.
 * What its form sends is shown to `lazy.verify` and ignored otherwise.
 */
export function LazyProvider(options: LazyProviderOptions = {}): LazyProviderConfig {
  const { generateName = generateLazyName, generateEmail } = options
  return boundProvider(
    { id: "lazy", name: "a temporary account", credentials: {} },
    {
      check(adapter) {
        if (adapter.lazy.needsEmail && !generateEmail) throw new LazySetupError(NO_ADDRESS)
      },
      async authorize(credentials, context) {
        const current = await context.session.current()
        if (current) {
          context.decision = { kind: "keep", current }
          return current.user
        }
        if (!(await isEnabled(context))) throw new LazyDisabled()
        if (!(await isVerified(credentials, context))) throw new VisitorNotVerified()
        // Only people count: otherwise bots could use up what there is for everybody.
        await context.takeCreation(context.client())
        const { ids, successor } = lazyUserIds(context.config, context.head)
        const session = context.newSession()
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

/** The user as the app's `signIn` callback sees it: not in the database yet, and without the name it will be given there. */
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
