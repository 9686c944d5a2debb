import type { LazyClaims } from "./token/claims.js"

// Extends the types of @auth/core with what sessions, users and tokens carry, for every integration
// that takes its types from there.
declare module "@auth/core/types" {
  interface Session {
    user: User & {
      id: string
      /** Whether the signed-in user is lazy, and so has not signed up. */
      isLazy: boolean
      /**
       * The generated name of a lazy user, or the name that a real user chose; null for real users
       * without one.
       */
      username: string | null
    }
  }

  interface User {
    /** Whether the user is lazy. Set in callbacks and events; undefined elsewhere. */
    isLazy?: boolean
    username?: string | null
    lazySince?: Date | null
    convertedAt?: Date | null
    seenAt?: Date | null
  }
}

declare module "@auth/core/jwt" {
  interface JWT extends LazyClaims {}
}
