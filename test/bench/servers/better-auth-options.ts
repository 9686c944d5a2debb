import type { BetterAuthOptions } from "better-auth"
import { anonymous } from "better-auth/plugins"
import { secret } from "./secret.js"

/**
 * The options that both better-auth servers share: the anonymous plugin, and nothing else that
 * costs time.
 */
export const betterAuthOptions = {
  baseURL: "http://127.0.0.1",
  // Its port is only known later; requests from the address they are sent to are trusted.
  trustedOrigins: ["http://127.0.0.1:*"],
  secret,
  plugins: [anonymous()],
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
} satisfies BetterAuthOptions
