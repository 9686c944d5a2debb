import type { AdapterAccount } from "@auth/core/adapters"

let counter = 0

/** Returns a string that no other call returns. */
export const unique = (prefix: string) => `${prefix}-${counter++}`

/** Makes a user as Auth.js passes it to `createUser`. */
export const newUser = (email = `${unique("user")}@example.com`) => ({
  id: crypto.randomUUID(),
  name: "Ada",
  email,
  emailVerified: null,
  image: "https://example.com/ada.png",
})

/** Makes a session for an hour. Its end has whole seconds, which every column type keeps. */
export const newSession = (userId: string, sessionToken = unique("token")) => ({
  sessionToken,
  userId,
  expires: inAnHour(),
})

/** Makes a session without a user, for the methods of `.lazy` that add the user. */
export const ownSession = (sessionToken = unique("token")) => ({ sessionToken, expires: inAnHour() })

export const inAnHour = () => new Date((Math.floor(Date.now() / 1000) + 3600) * 1000)

/** Makes an account as Auth.js passes it to `linkAccount`. */
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

/** Makes a passkey as Auth.js passes it to `createAuthenticator`. */
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

/** Stands in for an argon2id hash, with a text to search for in any output. */
export const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$ThisMustNeverLeaveTheStore"
