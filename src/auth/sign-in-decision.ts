import { AccessDenied, OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isLazyRow, type UserRow } from "../store/user-row.js"
import type { CurrentSession } from "./current-session.js"
import { joinReal, leaveLazyUser } from "./join-real.js"
import { convertByEmail, planLinkConversion } from "./link-conversion.js"
import { type ProvenIdentity, saysUnverified } from "./proven-identity.js"
import { publicOrigin } from "./public-url.js"
import type { RequestContext } from "./request-context.js"

/**
 * Decides who becomes what, once the app's own `signIn` has agreed: whether the lazy user of this browser converts, is merged, or is left
 * alone. What can be done at once is; what has to wait for Auth.js to link the identity is left in `context.linking`.
 * @throws AuthError to refuse with the meaning that it has in Auth.js
 */
export async function decideSignIn(identity: ProvenIdentity, context: RequestContext): Promise<void> {
  const { account } = identity
  if (!account) return
  if (account.type === "webauthn") refuseCrossSite(context)
  await refuseInactive(account, context)
  const current = await context.currentSession()
  if (!current) {
    // A session that is over, or a token that says what is no longer true, must not be one to which Auth.js links an identity.
    context.linking.ignoresSession = true
    if (account.type === "webauthn" && !(await ownerOf(account, context))) keepProfile(identity.user)
    if (isOAuth(account)) await proveForStranger(identity, account, context)
    return
  }
  if (!isLazyRow(current.user)) return
  if (isOAuth(account)) return decideOAuth(identity, account, current, context)
  if (account.type === "email") return decideEmail(account, current, context)
  if (account.type === "webauthn") return decidePasskey(account, current, context)
  if (account.type === "credentials") return decideCredentials(identity, account, current, context)
}

async function decideOAuth(
  identity: ProvenIdentity,
  account: Account,
  current: CurrentSession,
  context: RequestContext,
): Promise<void> {
  const owner = await ownerOf(account, context)
  if (owner) return joinReal({ owner, account, current, context })
  const namesake = await namesakeOf(identity, context)
  if (!namesake || namesake.id === current.user.id) return planLinkConversion(identity, account, current, context)
  if (!mayLinkByEmail(identity, account, context))
    throw new OAuthAccountNotLinked("Another account already exists with the same e-mail address")
  return joinReal({ owner: namesake, account, current, context, linksByEmail: true })
}

async function decideEmail(account: Account, current: CurrentSession, context: RequestContext): Promise<void> {
  // A link that this visitor has not asked for may be somebody else's, sent to get at what the visitor has made.
  if (!context.linking.askedHere) return leaveLazyUser(current, context)
  const owner = (await context.adapter.getUserByEmail(account.providerAccountId)) as UserRow | null
  if (owner && owner.id !== current.user.id) return joinReal({ owner, account, current, context, provesEmail: true })
  return convertByEmail(account, current, context)
}

async function decidePasskey(account: Account, current: CurrentSession, context: RequestContext): Promise<void> {
  const owner = await ownerOf(account, context)
  if (owner) return joinReal({ owner, account, current, context })
  return planLinkConversion({ user: {} }, account, current, context)
}

async function decideCredentials(
  { user }: ProvenIdentity,
  account: Account,
  current: CurrentSession,
  context: RequestContext,
): Promise<void> {
  const owner = user.id === undefined ? null : ((await context.adapter.getUser(user.id)) as UserRow | null)
  if (owner && owner.id !== current.user.id) return joinReal({ owner, account, current, context, atCommit: true })
}

/**
 * Auth.js links an identity to the user with the same address where a provider is trusted with that. If nobody had proven to own the address
 * until now, somebody else may have registered it: their password and sessions end first.
 */
async function proveForStranger(identity: ProvenIdentity, account: Account, context: RequestContext): Promise<void> {
  if (!isTrusted(account, context) || (await ownerOf(account, context))) return
  const namesake = await namesakeOf(identity, context)
  if (!namesake) return
  if (saysUnverified(identity)) throw new OAuthAccountNotLinked("The provider says that the address is not verified")
  if (namesake.emailVerified === null) await context.adapter.lazy.proveEmail(namesake.id)
}

/** Auth.js would make a second user of an identity that nobody seems to have, and fail to link it. */
async function refuseInactive(
  { type, provider, providerAccountId }: Account,
  { adapter }: RequestContext,
): Promise<void> {
  if (type === "credentials" || type === "email") return
  if (await adapter.lazy.isOfInactiveUser?.({ provider, providerAccountId }))
    throw new AccessDenied("The identity belongs to a user who does not count any more (activeUsers).")
}

async function ownerOf({ provider, providerAccountId }: Account, { adapter }: RequestContext): Promise<UserRow | null> {
  return (await adapter.getUserByAccount({ provider, providerAccountId })) as UserRow | null
}

async function namesakeOf({ user }: ProvenIdentity, { adapter }: RequestContext): Promise<UserRow | null> {
  return user.email ? ((await adapter.getUserByEmail(user.email)) as UserRow | null) : null
}

/** Whether the app trusts this provider to link by address, and the provider does not say that it has never checked the address. */
function mayLinkByEmail(identity: ProvenIdentity, account: Account, context: RequestContext): boolean {
  return isTrusted(account, context) && !saysUnverified(identity)
}

function isTrusted(account: Account, { config }: RequestContext): boolean {
  return config.providers.some((given) => {
    const provider = typeof given === "function" ? given() : given
    const settings: { id?: string; allowDangerousEmailAccountLinking?: boolean } = { ...provider, ...provider.options }
    return settings.id === account.provider && settings.allowDangerousEmailAccountLinking === true
  })
}

function isOAuth({ type }: Account): boolean {
  return type === "oauth" || type === "oidc"
}

/** Auth.js checks no CSRF token where it takes a passkey. */
function refuseCrossSite({ head }: RequestContext): void {
  const site = head?.headers.get("sec-fetch-site")
  const origin = head?.headers.get("origin")
  const elsewhere = site ? site !== "same-origin" && site !== "none" : head && origin && origin !== publicOrigin(head)
  if (elsewhere) throw new AccessDenied("A passkey from another site.")
}

/** Auth.js kept the whole row of whoever asked for the passkey, as JSON, and makes a user of it. */
function keepProfile(user: object): void {
  for (const key of Object.keys(user))
    if (!["id", "name", "email", "image"].includes(key)) delete (user as Record<string, unknown>)[key]
}
