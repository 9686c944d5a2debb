import { type HashOptions, hashPassword, isArgon2id, takeTurn, verifyPassword } from "./hash.js"
import { boundPassword } from "./strength.js"
import type { TurnOptions } from "./turns.js"

/** Compares a password with a hash that is not argon2id: `PasswordProviderOptions.verifyOther`. */
export type VerifyOther = (hash: string, password: string) => boolean | Promise<boolean>

/** How a sign-in compares hashes. */
export interface HashChecks {
  hash?: HashOptions
  verifyOther?: VerifyOther
  /** A stored hash that is not argon2id, compared in vain for names without one. */
  sample: string | null
  turn: TurnOptions
  /** Receives the reason why `verifyOther` failed, as an error without password and hash. */
  onFailure: (error: Error) => void
}

/** The longest hash that `verifyOther` gets, in characters. */
const MAX_HASH_LENGTH = 1024

/** How long `verifyOther` may take, in milliseconds. */
const MAX_TIME = 10_000

/**
 * Compares a password with a stored hash of any kind, or with null for none. With `verifyOther`,
 * makes two comparisons whatever the hash, one of them in vain, so that the time does not tell
 * which names exist.
 * @returns whether it matches, and whether to hash the password anew
 * @throws TooManyWaiting when the queue is full, or the client disconnects
 */
export async function verifyAnyHash(
  stored: string | null,
  password: string,
  checks: HashChecks,
): Promise<{ ok: boolean; rehash: boolean }> {
  const { verifyOther, sample, turn } = checks
  const own = await verifyPassword(stored, password, checks.hash, turn)
  if (!verifyOther) return own
  const isOwn: boolean = isArgon2id(stored)
  const isOther = stored !== null && !isOwn && stored.length <= MAX_HASH_LENGTH
  // A password that could not be hashed anew never matches.
  const isHashable = password !== "" && boundPassword(password) !== null
  const hash = isOther ? stored : sample
  if (hash === null) return own
  const compared = await takeTurn(() => ask(verifyOther, hash, isHashable ? password : ""), turn)
  if (!isOther) return own
  if (compared.failure) checks.onFailure(compared.failure)
  const ok = compared.ok && isHashable
  return { ok, rehash: ok }
}

/**
 * Hashes a password anew, as for a new account.
 * @returns null for a password that no new account could have
 */
export async function hashAnew(password: string, options?: HashOptions, turn?: TurnOptions): Promise<string | null> {
  return password === "" || boundPassword(password) === null ? null : hashPassword(password, options, turn)
}

interface Answer {
  ok: boolean
  failure?: Error
}

/** Calls the app's function. An error, a late answer and any answer but true refuse. */
async function ask(verifyOther: VerifyOther, hash: string, password: string): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    const failure = new Error(`verifyOther did not answer within ${MAX_TIME / 1000} seconds.`)
    timer = setTimeout(() => resolve({ ok: false, failure }), MAX_TIME)
  })
  try {
    return await Promise.race([answer(verifyOther, hash, password), late])
  } finally {
    clearTimeout(timer)
  }
}

async function answer(verifyOther: VerifyOther, hash: string, password: string): Promise<Answer> {
  try {
    const ok: unknown = await verifyOther(hash, password)
    if (typeof ok === "boolean") return { ok }
    return { ok: false, failure: new Error(`verifyOther must return true or false, not a value of type ${typeof ok}.`) }
  } catch (error) {
    return { ok: false, failure: withoutMessage(error) }
  }
}

/** Keeps the kind of an error and where it was thrown; its message may hold the hash. */
function withoutMessage(error: unknown): Error {
  const known = error instanceof Error
  const failure = new Error(`verifyOther threw ${known ? `a ${error.constructor.name}` : "a value that is no error"}.`)
  const frames = known ? (error.stack ?? "").split("\n").filter((line) => /^ {4}at \S/.test(line)) : []
  failure.stack = [`Error: ${failure.message}`, ...frames].join("\n")
  return failure
}
