import type { AdapterAccount, AdapterAuthenticator, AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { UserRow } from "../store/user-row.js"

/** What the sign-in decision leaves for the adapter methods that Auth.js calls after it. */
export interface LinkingState {
  /** The session that came with the request counts no more: Auth.js goes on as if nobody were signed in. */
  ignoresSession: boolean
  /** Whether the e-mail link that was opened had been asked for by the lazy user whose session this is. */
  askedHere: boolean
  /** Makes the lazy user real together with the identity that Auth.js links; unset where nobody is to be converted. */
  convert: ((link: { account: AdapterAccount; authenticator?: AdapterAuthenticator }) => Promise<void>) | undefined
  /**
   * Another tab of this browser was faster with the same identity. It has been proven here too, so this one is signed in as well. Does
   * nothing for any other owner than the user who was to be converted.
   */
  adopt: ((owner: UserRow) => Promise<void>) | undefined
  /** The lazy user whom `convert` is about: an identity that Auth.js links to anybody else has nothing to do with it. */
  convertsId: string | undefined
  /** The lazy user to be made real by an address, once Auth.js records that it is proven; unset where nobody is. */
  provesEmail: { email: string; user: UserRow; convert: () => Promise<UserRow> } | undefined
  /**
   * The real user whom the lazy one is to be merged into in the last step before Auth.js makes the session; unset where nobody is. Merges
   * once, and answers with the real user, or undefined where another tab was faster.
   */
  joins: { ownerId: string; merge: () => Promise<UserRow | undefined> } | undefined
  /** A passkey's account, which waits for its authenticator: both are written with the conversion. */
  heldAccount: AdapterAccount | undefined
  /** Merges the lazy user together with the identity that Auth.js links to the real one; unset where nobody is to be merged so. */
  merge: ((account: AdapterAccount) => Promise<void>) | undefined
  /** A session that was written together with a conversion or a merge already. */
  writtenSession: AdapterSession | undefined
  /** The session of a lazy user that this browser gives up without a merge. */
  abandonedSession: string | undefined
  /** The ids of the lazy users whose sessions were just deleted. */
  signedOut: string[]
  /** Objects that Auth.js was given for the session of this request, and goes on to use. */
  handedOut: { session?: AdapterSession; user: AdapterUser }[]
}

/** Nothing decided. */
export function newLinkingState(): LinkingState {
  return {
    ignoresSession: false,
    askedHere: false,
    convert: undefined,
    adopt: undefined,
    convertsId: undefined,
    provesEmail: undefined,
    joins: undefined,
    heldAccount: undefined,
    merge: undefined,
    writtenSession: undefined,
    abandonedSession: undefined,
    signedOut: [],
    handedOut: [],
  }
}
