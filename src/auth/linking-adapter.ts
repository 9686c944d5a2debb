import { createHash } from "node:crypto"
import type { Adapter, AdapterAccount, AdapterUser } from "@auth/core/adapters"
import type { LazyAdapter } from "../store/lazy-adapter.js"
import { isLazyRow, type UserRow } from "../store/user-row.js"
import { nameForPasskey } from "./passkey-name.js"
import type { RequestContext } from "./request-context.js"

/** The adapter that Auth.js gets for one request: it carries out what was decided when the identity was proven. */
export function linkingAdapter({ lazy, ...base }: LazyAdapter, context: RequestContext): Adapter {
  const { linking } = context
  return {
    ...base,

    async getSessionAndUser(sessionToken) {
      if (linking.ignoresSession) return null
      const found = await liveSession(sessionToken, base, context)
      if (found) linking.handedOut.push(found)
      return found && { ...found, user: nameForPasskey(found.user, context) }
    },

    async getUser(id) {
      if (linking.ignoresSession) return null
      const user = await base.getUser(id)
      if (user) linking.handedOut.push({ user })
      return user
    },

    async getUserByAccount(account) {
      const owner = await base.getUserByAccount(account)
      if (owner) await linking.adopt?.(owner as UserRow)
      if (owner && owner.id === linking.joins?.ownerId) await linking.joins.merge()
      return owner
    },

    async linkAccount(account: AdapterAccount) {
      if (linking.merge) await linking.merge(account)
      else if (!linking.convert || account.userId !== linking.convertsId) await base.linkAccount(account)
      else if (account.type === "webauthn") linking.heldAccount = account
      else await linking.convert({ account })
    },

    async createAuthenticator(authenticator) {
      if (!linking.heldAccount || !linking.convert) return base.createAuthenticator(authenticator)
      await linking.convert({ account: linking.heldAccount, authenticator })
      return authenticator
    },

    async createSession(session) {
      const written = linking.writtenSession
      if (written && written.userId === session.userId) return written
      const created = await base.createSession(session)
      if (linking.abandonedSession) await base.deleteSession(linking.abandonedSession)
      return created
    },

    async getUserByEmail(email) {
      const { provesEmail } = linking
      // The lazy user is made real by this address as soon as Auth.js says that it is proven.
      return provesEmail?.email === email ? ({ ...provesEmail.user, email } as AdapterUser) : base.getUserByEmail(email)
    },

    async updateUser(data) {
      const { provesEmail, joins } = linking
      if (provesEmail && data.id === provesEmail.user.id) return (await provesEmail.convert()) as AdapterUser
      const merged = data.id === joins?.ownerId ? await joins.merge() : undefined
      return (merged as AdapterUser | undefined) ?? base.updateUser(data)
    },

    async updateSession(data) {
      const { liveSession } = context
      const sessionToken = data.sessionToken === liveSession?.asked ? liveSession.live : data.sessionToken
      const { expires } = data
      if (!expires) return base.updateSession({ ...data, sessionToken })
      await lazy.touch({ session: { sessionToken, expires } }, context.updateAge)
    },

    async deleteSession(sessionToken) {
      // Auth.js ends the session that it switches from before it has written the next one.
      if (linking.ignoresSession || linking.provesEmail) return
      for (const token of [sessionToken, ...context.otherSessionCookies(sessionToken)]) {
        const found = await base.getSessionAndUser(token)
        await base.deleteSession(token)
        const user = found?.user as UserRow | undefined
        if (user && isLazyRow(user)) linking.signedOut.push(user.id)
      }
    },

    async createVerificationToken(token) {
      const created = await base.createVerificationToken(token)
      const current = await context.currentSession()
      if (current && isLazyRow(current.user))
        await base.createVerificationToken({ ...token, token: askedBy(token.token, current.user.id) })
      return created
    },

    async useVerificationToken(params) {
      const used = await base.useVerificationToken(params)
      const current = used && (await context.currentSession())
      if (current && isLazyRow(current.user)) {
        const mark = { ...params, token: askedBy(params.token, current.user.id) }
        linking.askedHere = (await base.useVerificationToken(mark)) !== null
      }
      return used
    },
  }
}

/**
 * The session that is alive among those that the browser has sent; otherwise what there is of the one that was asked for. Auth.js knows the first
 * cookie of a name alone, and takes cookies that begin alike for parts of it.
 */
async function liveSession(asked: string, base: Pick<LazyAdapter, "getSessionAndUser">, context: RequestContext) {
  const found = await base.getSessionAndUser(asked)
  if (isAlive(found)) return found
  for (const token of context.otherSessionCookies(asked)) {
    const other = await base.getSessionAndUser(token)
    if (!isAlive(other)) continue
    context.liveSession = { asked, live: token }
    return other
  }
  return found
}

function isAlive(found: { session: { expires: Date } } | null): boolean {
  return found !== null && found.session.expires.valueOf() >= Date.now()
}

/**
 * Marks a link as asked for by a lazy user, in a row beside the link's own. No link can name such a row: the token in a link is hashed
 * before it is looked up, and nobody knows what has this very hash.
 */
function askedBy(tokenHash: string, userId: string): string {
  return createHash("sha256").update(`${tokenHash} asked for by ${userId}`).digest("hex")
}
