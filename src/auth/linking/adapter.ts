import { createHash } from "node:crypto"
import type { Adapter, AdapterAccount, AdapterUser, VerificationToken } from "@auth/core/adapters"
import { AccountNotLinked } from "@auth/core/errors"
import { isPlaceholderAddress } from "../../store/identifiers/placeholder-address.js"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"
import { unknownRequest } from "../config/one-request.js"
import { ignoresSession, isPending, signedIn } from "../context/decision.js"
import { isLinkLoadedElsewhere } from "../context/loaded-elsewhere.js"
import type { RequestContext } from "../context/request-context.js"
import { forgetBrowser } from "../request/lazy-user-ids.js"
import { isSessionKey } from "../session/cookie.js"
import { settle, writeLast } from "./carry-out.js"
import { converted, convertNow, signInConverted } from "./hand-over.js"
import { nameForPasskey } from "./passkey-name.js"
import { refusalOf } from "./refused-address.js"

/**
 * Makes the adapter that Auth.js uses in one request. Its methods answer as if the decision were
 * already written; the last step that can fail writes it.
 */
export function linkingAdapter(base: Omit<InternalAdapter, "lazy">, context: RequestContext): Adapter {
  const { exchange, session } = context
  const { lazy } = context.adapter
  let asserted: string | undefined
  return {
    ...base,

    async getSessionAndUser(asked) {
      const sessionToken = session.presented.first(asked)
      const isVisitors = context.request.present(sessionToken)
      if (ignoresSession(context.decision)) return null
      const found = await (isVisitors ? session.row(sessionToken) : base.getSessionAndUser(sessionToken))
      if (found) exchange.handedOut.push(found)
      return found && { ...found, user: nameForPasskey(found.user, context) }
    },

    async getUser(id) {
      if (ignoresSession(context.decision)) return null
      try {
        const user = await base.getUser(id)
        if (user) exchange.handedOut.push({ user })
        return user
      } catch (error) {
        session.fail(error)
        throw error
      }
    },

    async getUserByAccount(account) {
      await refuseUnread(context)
      const owner = await base.getUserByAccount(account)
      const { decision } = context
      if (!owner || decision.kind !== "convert" || decision.through !== "link") return owner
      if (decision.by.type === "webauthn")
        throw new AccountNotLinked("This passkey was registered a moment ago. Sign in with it.")
      // Another tab converted this user with the same identity, which this request proved too.
      if (owner.id === decision.current.user.id) signInConverted(owner, context)
      return owner
    },

    async linkAccount(account: AdapterAccount) {
      const { decision } = context
      if (!isPending(decision) || account.userId !== signedIn(decision).id) {
        await base.linkAccount(account)
        // The lazy session has ended meanwhile, and Auth.js signs another user in.
        if (decision.kind === "convert") context.decision = { kind: "nothing" }
        return
      }
      exchange.account = account
      // Auth.js makes no session when it links an identity to the signed-in user: convert now,
      // since there is no later step.
      if (decision.kind === "convert" && account.type !== "webauthn") await convertNow(context, decision)
    },

    async createAuthenticator(authenticator) {
      const { decision } = context
      if (decision.kind !== "convert" || !exchange.account) return base.createAuthenticator(authenticator)
      exchange.authenticator = authenticator
      await convertNow(context, decision)
      return authenticator
    },

    async updateAuthenticatorCounter(credentialID, newCounter) {
      const updated = await base.updateAuthenticatorCounter(credentialID, newCounter)
      // Auth.js updates the counter only after it has verified the signature.
      asserted = credentialID
      return updated
    },

    async getAccount(providerAccountId, provider) {
      const account = await base.getAccount(providerAccountId, provider)
      if (account && asserted !== undefined) context.method = { kind: "passkey", provider, providerAccountId }
      return account
    },

    async createSession(given) {
      const user = await writeLast(context, given.userId, given)
      const created = user ? given : await base.createSession(given)
      await settle(context)
      return created
    },

    async createUser(user) {
      try {
        return await base.createUser(user)
      } catch (error) {
        // Auth.js creates a user with a proven address only when a link was opened.
        throw refusalOf(error, { type: user.emailVerified ? "email" : "oauth" })
      }
    },

    async getUserByEmail(email) {
      if (isPlaceholderAddress(email)) return null
      const { decision } = context
      // The lazy user is converted with this address in the step that makes the session.
      if (decision.kind === "convert" && decision.through === "address" && decision.set.email === email)
        return converted(decision)
      return base.getUserByEmail(email)
    },

    async updateUser(data) {
      const { decision } = context
      if (decision.kind === "convert" && decision.through === "address" && data.id === decision.current.user.id)
        return converted(decision)
      if (decision.kind === "merge" && data.id === decision.into.id) return { ...decision.into, ...data } as AdapterUser
      return base.updateUser(data)
    },

    async updateSession(data) {
      const sessionToken = session.live(data.sessionToken)
      const { expires } = data
      if (!expires) return base.updateSession({ ...data, sessionToken })
      await lazy.touch({ session: { sessionToken, expires } }, context.updateAge)
    },

    async deleteSession(sessionToken) {
      // Auth.js deletes the old session before it has written the new one.
      if (ignoresSession(context.decision) || isPending(context.decision)) return
      try {
        const found = await base.getSessionAndUser(sessionToken)
        await base.deleteSession(sessionToken)
        const user = found?.user as UserRow | undefined
        if (user && isLazyRow(user)) exchange.signedOut.push(user.id)
        // Auth.js removes a row that it has read and found expired; the other sessions are not over.
        if (exchange.handedOut.some((handed) => handed.session?.sessionToken === sessionToken)) return
        // Any number of cookies, however planted, must not hide the visitor's own from a sign-out.
        const others = session.presented.everyOther(sessionToken).filter((each) => isSessionKey(context.config, each))
        if (others.length > 0) exchange.signedOut.push(...(await lazy.endSessionsOf(others)))
      } catch (error) {
        // Auth.js signs the visitor out anyway, and the next person at the browser may be someone
        // else.
        if (context.head) forgetBrowser(context.config, context.head)
        throw error
      }
    },

    async createVerificationToken(token) {
      if (!context.head) throw unknownRequest()
      const created = await base.createVerificationToken(token)
      const current = await session.current()
      if (current && isLazyRow(current.user))
        await base.createVerificationToken({ ...token, token: askedBy(token.token, current.user.id) })
      return created
    },

    async useVerificationToken(params) {
      context.request.take("open-link")
      context.method = { kind: "link", askedHere: false }
      // The signIn callback refuses it. The link must still work for the person it was sent to.
      if (isLinkLoadedElsewhere(context)) return unread(params)
      const used = await base.useVerificationToken(params)
      const current = used && (await session.current())
      if (current && isLazyRow(current.user)) {
        const mark = { ...params, token: askedBy(params.token, current.user.id) }
        context.method = { kind: "link", askedHere: (await base.useVerificationToken(mark)) !== null }
      }
      return used
    },
  }
}

/** Answers for a link that is not looked up, since the sign-in is refused in any case. */
function unread({ identifier = "", token }: { identifier?: string; token: string }): VerificationToken {
  return { identifier, token, expires: new Date(Date.now() + 60_000) }
}

/**
 * Refuses to link an identity when the session could not be read. Auth.js takes an unreadable JWT
 * session for none, and would sign another user in.
 */
async function refuseUnread({ decision, session }: RequestContext): Promise<void> {
  const { failure } = session
  if (failure === undefined || ignoresSession(decision)) return
  if (await session.current()) throw failure
}

/**
 * Derives the token of a row that marks a link as requested by a lazy user. No link can name this
 * row: Auth.js hashes the token of a link, and no known text has this hash.
 */
function askedBy(tokenHash: string, userId: string): string {
  return createHash("sha256").update(`${tokenHash} asked for by ${userId}`).digest("hex")
}
