import { AccessDenied, OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isPlaceholderAddress } from "../../store/identifiers/placeholder-address.js"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"
import { unknownRequest } from "../config/one-request.js"
import type { SignInDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import type { CurrentSession } from "../session/reader.js"
import { decideJoining, leaving } from "./join-real.js"
import { decidePasskey, forgetTypedAddress } from "./passkey-decision.js"
import { dropAddress, fillFrom, type ProvenIdentity } from "./proven-identity.js"
import { isSaidUnverified } from "./verified-address.js"

/**
 * Decides who becomes what, once the app's own `signIn` has agreed: whether the lazy user of this browser converts, is merged, or is left
 * alone. Writes nothing.
 * @throws AuthError to refuse with the meaning that it has in Auth.js
 * @throws LazySetupError where the request, and so the lazy user, can't be known
 */
export async function decideSignIn(identity: ProvenIdentity, context: RequestContext): Promise<SignInDecision> {
  const { account } = identity
  if (!account) return { kind: "nothing" }
  if (!context.head) throw unknownRequest()
  if (account.type === "email" && isPlaceholderAddress(account.providerAccountId))
    throw new AccessDenied("Addresses under .invalid are placeholders. Sign in with another address.")
  await refuseInactive(account, context)
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
  if (owner) return decideJoining({ owner, account, current, context })
  return converting({ user: {} }, account, current, context)
}

async function decideOAuth(
  identity: ProvenIdentity,
  account: Account,
  current: CurrentSession | null,
  context: RequestContext,
): Promise<SignInDecision> {
  const owner = await ownerOf(account, context)
  if (owner) return current ? decideJoining({ owner, account, current, context }) : { kind: "signed-out" }
  const { user } = identity
  if (user.email && isPlaceholderAddress(user.email)) dropAddress(user, context)
  const unverified = await isSaidUnverified(identity, account, context)
  const namesake = await namesakeOf(identity, context)
  if (!namesake || namesake.id === current?.user.id) {
    if (unverified) dropAddress(user, context)
    return current ? converting(identity, account, current, context) : { kind: "signed-out" }
  }
  if (unverified) throw new OAuthAccountNotLinked("The provider says that the address is not verified")
  if (!isTrusted(account, context)) {
    // Auth.js refuses it in the same way when nobody is signed in.
    throw new OAuthAccountNotLinked("Another account already exists with the same e-mail address")
  }
  if (current) return decideJoining({ owner: namesake, account, current, context, linksByEmail: true })
  // The first proof of the address ends what others may have registered under it.
  return namesake.emailVerified === null ? { kind: "prove", owner: namesake } : { kind: "signed-out" }
}

async function decideEmail(
  account: Account,
  current: CurrentSession,
  context: RequestContext,
): Promise<SignInDecision> {
  // Another person may have requested the link to get at the rows of this visitor.
  if (context.method.kind !== "link" || !context.method.askedHere) return leaving(current)
  const email = account.providerAccountId
  const owner = (await context.adapter.getUserByEmail(email)) as UserRow | null
  if (owner && owner.id !== current.user.id)
    return decideJoining({ owner, account, current, context, provesEmail: true })
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
  return decideJoining({ owner, account, current, context })
}

/** The lazy user becomes real together with the identity that Auth.js is about to link. */
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
  { type, provider, providerAccountId }: Account,
  { adapter }: RequestContext,
): Promise<void> {
  if (type === "credentials" || type === "email") return
  if (await adapter.lazy.isOfInactiveUser?.({ provider, providerAccountId }))
    throw new AccessDenied("The identity belongs to a user that LazyAdapter({ activeUsers }) excludes.")
}

async function ownerOf({ provider, providerAccountId }: Account, { adapter }: RequestContext): Promise<UserRow | null> {
  return (await adapter.getUserByAccount({ provider, providerAccountId })) as UserRow | null
}

async function namesakeOf({ user }: ProvenIdentity, { adapter }: RequestContext): Promise<UserRow | null> {
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
