import { headers } from "next/headers"
import NextAuth from "next-auth"

// Each request belongs to one of the apps of the contract: see contract.test.ts.
export const { handlers, auth } = NextAuth(async (request) =>
  globalThis.contract.config(request?.headers ?? (await headers()), request),
)
