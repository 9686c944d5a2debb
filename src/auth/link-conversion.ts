import type { AdapterSession } from "@auth/core/adapters"
import type { Account } from "@auth/core/types"
import { NotLazyError } from "../errors.js"
import type { Conversion, ConvertedBy, ConvertReport, NewSession } from "../store/lazy-store.js"
import type { UserRow } from "../store/user-row.js"
import type { CurrentSession } from "./current-session.js"
import { emit } from "./emit.js"
import { type ProvenIdentity, saysUnverified } from "./proven-identity.js"
import type { RequestContext } from "./request-context.js"

/** Leaves word that the identity which Auth.js is about to link makes the lazy user real. */
export function planLinkConversion(
  identity: ProvenIdentity,
  { provider, type }: Account,
  current: CurrentSession,
  context: RequestContext,
): void {
  const { adapter, options, linking } = context
  const userId = current.user.id
  linking.convertsId = userId
  linking.convert = async ({ account, authenticator }) => {
    const session = context.newSession()
    const by = { provider, type }
    const set = fillFrom(identity, current.user, type)
    try {
      const link = { account, authenticator }
      const report = await adapter.lazy.convert({ userId, set, session, by, link, onConvert: options.onConvert })
      handOver(report.user, session, context)
      announce(report, by, context)
    } catch (error) {
      if (!(error instanceof NotLazyError)) throw error
      const owner = (await adapter.getUserByAccount(account)) as UserRow | null
      if (owner?.id !== userId) throw error
      await linking.adopt?.(owner)
    }
  }
  linking.adopt = async (owner) => {
    if (owner.id !== userId) return
    const session = context.newSession()
    if (session) await adapter.createSession({ ...session, userId })
    handOver(owner, session, context)
  }
}

/**
 * Leaves word that the lazy user becomes real by the address that was proven. Auth.js then finds the user by it instead of making a second
 * one, and its last step but the session is to record the proof: that is when it is written.
 */
export function convertByEmail(
  { provider, type, providerAccountId: email }: Account,
  current: CurrentSession,
  context: RequestContext,
): void {
  const convert = async () => {
    const session = context.newSession()
    const by = { provider, type }
    const report = await context.adapter.lazy.convert({
      userId: current.user.id,
      set: { email, emailVerified: new Date(), username: null },
      session,
      by,
      onConvert: context.options.onConvert,
    })
    if (session) context.linking.writtenSession = { ...session, userId: report.user.id }
    announce(report, by, context)
    return report.user
  }
  context.linking.provesEmail = { email, user: current.user, convert }
}

/** Fills what is empty, and keeps what is there. The generated username goes, unless it is all a user without a profile has. */
function fillFrom(identity: ProvenIdentity, lazy: UserRow, type: string): Conversion["set"] {
  const given = identity.user
  const hasEmail = lazy.email !== null && !lazy.email.endsWith(".invalid")
  // An address that the provider itself calls unchecked says nothing about who owns it.
  const email = saysUnverified(identity) ? undefined : given.email
  return {
    ...(type !== "webauthn" && { username: null }),
    ...(!lazy.name && given.name && { name: given.name }),
    ...(!lazy.image && given.image && { image: given.image }),
    ...(!hasEmail && email && { email }),
  }
}

/** Auth.js goes on with the objects it was given at the start: they have to say what is true now. */
function handOver(user: UserRow, session: NewSession | undefined, { linking }: RequestContext): void {
  for (const handed of linking.handedOut) {
    if (handed.user.id !== user.id) continue
    Object.assign(handed.user, user)
    if (handed.session && session) Object.assign(handed.session, session satisfies Partial<AdapterSession>)
  }
}

function announce(report: ConvertReport, by: ConvertedBy, context: RequestContext): void {
  context.plan = {
    kind: "write",
    announce: () => emit(context, "convertUser", { user: report.user, from: report.from, by }),
  }
}
