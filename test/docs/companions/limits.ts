import { RateLimiterMemory } from "rate-limiter-flexible"

/** What a reader has made in limits.md. */
export function limiter(keyPrefix: string, points: number, duration: number): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix, points, duration })
}
