import { createRequire } from "node:module"
import type * as Argon2 from "argon2"

// The real one: vitest.config.ts gives this module to `src` in its place.
const argon2: typeof Argon2 = createRequire(import.meta.url)("argon2")

export const { argon2d, argon2i, argon2id, needsRehash } = argon2

/** Lets a hash say that it was made with these costs. */
const withCosts = (digest: string, memoryCost: number | string, timeCost: number) =>
  digest.replace(/m=\d+/, `m=${memoryCost}`).replace(/t=\d+/, `t=${timeCost}`)

/** Hashes with the least that argon2 takes, and says in the hash that the costs are those asked for. */
export async function hash(password: string, options: Argon2.Options): Promise<string> {
  const { memoryCost = 65_536, timeCost = 3, parallelism = 4 } = options
  const digest = await argon2.hash(password, { ...options, memoryCost: 8 * parallelism, timeCost: 1 })
  return withCosts(digest, memoryCost, timeCost)
}

/**
 * Verifies a hash of {@link hash}, else one of argon2. So a wrong password takes as long as it does
 * in an app.
 */
export async function verify(digest: string, password: string): Promise<boolean> {
  const lanes = Number(/p=(\d+)/.exec(digest)?.[1])
  return (await argon2.verify(withCosts(digest, 8 * lanes, 1), password)) || argon2.verify(digest, password)
}
