import type { AdapterAccount } from "@auth/core/adapters"

let counter = 0

/** A string no other call returns. */
export const unique = (prefix: string) => `${prefix}-${counter++}`

/** A user as Auth.js hands one to `createUser`. */
export const newUser = (email = `${unique("user")}@example.com`) => ({
  id: crypto.randomUUID(),
  name: "Ada",
  email,
  emailVerified: null,
  image: "https://example.com/ada.png",
})

/** A session that ends in an hour. Whole seconds, so that it compares equal whatever the column's precision is. */
export const newSession = (userId: string, sessionToken = unique("token")) => ({
  sessionToken,
  userId,
  expires: inAnHour(),
})

/** The same for `.lazy`, which adds the user. */
export const ownSession = (sessionToken = unique("token")) => ({ sessionToken, expires: inAnHour() })

export const inAnHour = () => new Date((Math.floor(Date.now() / 1000) + 3600) * 1000)

/** An account as Auth.js hands one to `linkAccount`. */
export const newAccount = (userId: string, providerAccountId = unique("account")): AdapterAccount => ({
  userId,
  type: "oidc",
  provider: "example",
  providerAccountId,
  access_token: "access",
  refresh_token: "refresh",
  id_token: "id",
  token_type: "bearer",
  scope: "openid email",
  expires_at: 1893456000,
  session_state: "state",
})

/** A passkey as Auth.js hands one to `createAuthenticator`. */
export const newAuthenticator = (userId: string, credentialID = unique("credential")) => ({
  credentialID,
  userId,
  providerAccountId: credentialID,
  credentialPublicKey: "public key",
  counter: 0,
  credentialDeviceType: "multiDevice",
  credentialBackedUp: true,
  transports: "internal,hybrid",
})

/** What is written where an argon2id hash goes: recognisable in any output. */
export const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$ThisMustNeverLeaveTheStore"
