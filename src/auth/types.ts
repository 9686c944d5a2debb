import type { LazyClaims } from "./token/claims.js"

// What sessions, users and tokens carry in an app that uses this library, for every integration that takes its types from @auth/core.
declare module "@auth/core/types" {
  interface Session {
    user: User & {
      id: string
      /** Whether the signed-in user is lazy: here without having signed up. */
      isLazy: boolean
      /** The generated name of a lazy user, or the name a real user chose; null for real users without one. */
      username: string | null
    }
  }

  interface User {
    /** Whether the user is lazy, in what callbacks and events are given; undefined elsewhere. */
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
