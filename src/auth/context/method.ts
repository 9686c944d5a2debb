import type { Account } from "@auth/core/types"

/** How the visitor of this request signs in, as far as Auth.js has told. */
export type SignInMethod =
  /** Not at all yet; or through an OAuth provider, or by a passkey that is being registered. */
  | { kind: "unknown" }
  /** Through a credentials provider, which Auth.js hands the request. */
  | { kind: "credentials" }
  /** Through one that compared a password, which may be removed before the session is written. */
  | { kind: "password" }
  /** By an e-mail link. `askedHere`: the lazy user of this session asked for it. */
  | { kind: "link"; askedHere: boolean }
  /** By a passkey whose signature Auth.js verified in this request. */
  | ({ kind: "passkey" } & Pick<Account, "provider" | "providerAccountId">)

/** Tells whether a credentials provider signs the visitor in. */
export function isByCredentials({ kind }: SignInMethod): boolean {
  return kind === "credentials" || kind === "password"
}
