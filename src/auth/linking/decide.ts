import { AccessDenied, OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isPlaceholderAddress } from "../../store/identifiers/placeholder-address.js"
import { isLazyRow, isProven, type UserRow } from "../../store/tables/user-row.js"
import { unknownRequest } from "../config/one-request.js"
import type { SignInDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import type { CurrentSession } from "../session/current-session.js"
import { abandoning, decideMerge } from "./merge-decision.js"
import { decidePasskey, forgetTypedAddress } from "./passkey-decision.js"
import { dropAddress, fillFrom, type ProvenIdentity } from "./proven-identity.js"
import { isReportedUnverified } from "./verified-address.js"

/**
 * Decides what a sign-in does to the lazy user of this browser, once the app's `signIn` has agreed:
 * convert it, merge it, or leave it alone. Writes nothing.
 * @throws AuthError to refuse, with the meaning that it has in Auth.js
 * @throws LazySetupError when the request, and so the lazy user, is unknown
 */
export async function decideSignIn(identity: ProvenIdentity, context: RequestContext): Promise<SignInDecision> {
  const { account } = identity
  if (!account) return { kind: "nothing" }
  if (!context.head) throw unknownRequest()
  if (account.type === "email" && isPlaceholderAddress(account.providerAccountId))
    throw new AccessDenied("Addresses under .invalid are placeholders. Sign in with another address.")
  await refuseInactive(identity, account, context)
  const owner = account.type === "webauthn" ? await decidePasskey(account, context) : null
  const current = await context.session.current()
  if (current && !isLazyRow(current.user)) return { kind: "nothing" }
  if (isOAuth(account)) return decideOAuth(identity, account, current, context)
  if (!current) {
    if (account.type === "webauthn" && !owner) forgetTypedAddress(identity.user, context)
    // Auth.js must not link an identity to an ended session.
    return { kind: "signed-out" }
  }
  if (account.type === "email") return decideEmail(account, current, context)
  if (account.type === "credentials") return decideCredentials(identity, account, current, context)
  if (owner) return decideMerge({ owner, account, current, context })
  return converting({ user: {} }, account, current, context)
}

async function decideOAuth(
  identity: ProvenIdentity,
  account: Account,
  current: CurrentSession | null,
  context: RequestContext,
): Promise<SignInDecision> {
  const owner = await ownerOf(account, context)
  if (owner) return current ? decideMerge({ owner, account, current, context }) : { kind: "signed-out" }
  const { user } = identity
  if (user.email && isPlaceholderAddress(user.email)) dropAddress(user, context)
  const unverified = await isReportedUnverified(identity, account, context)
  const addressOwner = await ownerOfAddress(identity, context)
  if (!addressOwner && !unverified && (await isOfInactive(identity, context))) throw ofInactiveUser()
  if (!addressOwner || addressOwner.id === current?.user.id) {
    if (unverified) dropAddress(user, context)
    return current ? converting(identity, account, current, context) : { kind: "signed-out" }
  }
  if (unverified)
    throw new OAuthAccountNotLinked(
      "The provider says that the address is not verified. Verify it there; see lazy.isEmailVerified.",
    )
  if (!isTrusted(account, context)) {
    // Auth.js refuses it in the same way for a signed-out visitor.
    throw new OAuthAccountNotLinked("Another account already exists with the same e-mail address")
  }
  if (current) return decideMerge({ owner: addressOwner, account, current, context, linksByEmail: true })
  // The first proof of an address ends what others may have registered under it.
  return !isProven(addressOwner) ? { kind: "prove", owner: addressOwner } : { kind: "signed-out" }
}

async function decideEmail(
  account: Account,
  current: CurrentSession,
  context: RequestContext,
): Promise<SignInDecision> {
  // Another person may have requested the link to get at the data of this visitor.
  if (context.method.kind !== "link" || !context.method.askedHere) return abandoning(current)
  const email = account.providerAccountId
  const owner = (await context.adapter.getUserByEmail(email)) as UserRow | null
  if (owner && owner.id !== current.user.id) return decideMerge({ owner, account, current, context, provesEmail: true })
  const { provider, type } = account
  const set = { email, emailVerified: new Date(), username: null }
  return { kind: "convert", through: "address", current, set, by: { provider, type } }
}

async function decideCredentials(
  { user }: ProvenIdentity,
  account: Account,
  current: CurrentSession,
  context: RequestContext,
): Promise<SignInDecision> {
  const owner = user.id === undefined ? null : ((await context.adapter.getUser(user.id)) as UserRow | null)
  if (!owner || owner.id === current.user.id) return { kind: "nothing" }
  return decideMerge({ owner, account, current, context })
}

/** Converts the lazy user together with the identity that Auth.js is about to link. */
function converting(
  identity: ProvenIdentity,
  { provider, type }: Account,
  current: CurrentSession,
  context: RequestContext,
): SignInDecision {
  const set = fillFrom(identity.user, current.user, type, context)
  return { kind: "convert", through: "link", current, set, by: { provider, type } }
}

/**
 * Refuses the identity of an inactive user: Auth.js would create a second user and fail to link it.
 */
async function refuseInactive(
  { user }: ProvenIdentity,
  { type, provider, providerAccountId }: Account,
  { adapter, method }: RequestContext,
): Promise<void> {
  const { lazy } = adapter
  // The password provider has asked already.
  if (!lazy.hasInactiveUsers || method.kind === "password") return
  const inactive =
    type === "credentials"
      ? user.id !== undefined && (await lazy.isOfInactiveUser({ id: user.id }))
      : await lazy.isOfInactiveUser(type === "email" ? { email: providerAccountId } : { provider, providerAccountId })
  if (inactive) throw ofInactiveUser()
}

const ofInactiveUser = () =>
  new AccessDenied("This identity belongs to a user who is not active: see isActive and activeUsers of LazyAdapter.")

/** Tells whether the address of a new identity belongs to an inactive user, who keeps it. */
async function isOfInactive({ user: { email } }: ProvenIdentity, { adapter: { lazy } }: RequestContext) {
  return lazy.hasInactiveUsers && email ? lazy.isOfInactiveUser({ email }) : false
}

async function ownerOf({ provider, providerAccountId }: Account, { adapter }: RequestContext): Promise<UserRow | null> {
  return (await adapter.getUserByAccount({ provider, providerAccountId })) as UserRow | null
}

async function ownerOfAddress({ user }: ProvenIdentity, { adapter }: RequestContext): Promise<UserRow | null> {
  if (!user.email || isPlaceholderAddress(user.email)) return null
  return (await adapter.getUserByEmail(user.email)) as UserRow | null
}

/** Tells whether the app lets this provider link by address. */
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
