import { availableParallelism } from "node:os"
import { hash as argon2, argon2id, needsRehash, verify } from "argon2"
import { boundPassword } from "./strength.js"
import { type TurnOptions, Turns } from "./turns.js"

/**
 * Sets the cost of a password hash. The defaults are OWASP's minimum for argon2id:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 *
 * Hashing throws a RangeError below the weakest setting in that list (`memoryCost` of 7168, and
 * `memoryCost * timeCost` of 35840), and above the maxima, which catch a mistaken unit.
 * @example
 * ```ts
 * const costs: HashOptions = { memoryCost: 65_536, timeCost: 3 }
 * PasswordProvider({ hash: costs })
 * ```
 */
export interface HashOptions {
  /**
   * Memory in KiB, from 7168 to 1048576.
   * @default 19456 (19 MiB)
   */
  memoryCost?: number
  /**
   * Passes over the memory, from 1 to 100.
   * @default 2
   */
  timeCost?: number
  /**
   * Lanes, from 1 to 16. Each occupies a thread while it is computed.
   * @default 1
   */
  parallelism?: number
}

/** Tells whether a password is right, and whether to hash it again. See {@link verifyPassword}. */
export interface PasswordVerification {
  /** True when the password matches the hash. */
  ok: boolean
  /** True when the password matches, but its hash was made with other costs than wanted now. */
  rehash: boolean
}

const MIN_MEMORY = 7168
const MIN_WORK = MIN_MEMORY * 5
const MAX = { memoryCost: 1_048_576, timeCost: 100, parallelism: 16 }

/**
 * How many hashes this process computes at once. Each takes one of libuv's threads and the whole
 * `memoryCost`; one core stays free for the event loop.
 */
const MAX_AT_ONCE = availableParallelism() > 2 ? 2 : 1

/**
 * Hashes a password with argon2id and a random salt, and returns a PHC string. The password is
 * normalised to NFKC first. Its strength is not checked: call {@link checkPassword} for that.
 * @param turn limits the wait while other hashes are computed
 * @throws RangeError when the password is not a string of 1 to 256 characters, or a cost is out of
 * range
 * @throws TooManyWaiting when more than `turn.maxWaiting` callers wait, or the client disconnects
 * @example
 * ```ts
 * const hash = await hashPassword("correct horse battery staple")
 * // "$argon2id$v=19$m=19456,p=1,t=2$…"
 * ```
 */
export async function hashPassword(password: string, options?: HashOptions, turn?: TurnOptions): Promise<string> {
  const costs = resolveCosts(options)
  const bounded = boundPassword(password)
  if (!bounded) throw new RangeError("The password to hash must be a string of 1 to 256 characters.")
  return turns.take(() => argon2(bounded, { type: argon2id, ...costs }), turn)
}

/**
 * Checks a password against its hash, without revealing whether a hash exists. For null, a hash
 * that is not argon2id, or a password that is too long, it checks a hash that no password matches,
 * at the same cost and in the same time.
 *
 * A hash made with other costs than `options` takes a different time. Store a new one when `rehash`
 * is true.
 * @param turn limits the wait while other hashes are computed
 * @throws RangeError when a cost is out of range
 * @throws TooManyWaiting when more than `turn.maxWaiting` callers wait, or the client disconnects
 * @example
 * ```ts
 * const hash = await hashPassword("correct horse battery staple")
 * const { ok, rehash } = await verifyPassword(hash, "correct horse battery staple")
 * ```
 */
export async function verifyPassword(
  hash: string | null,
  password: string,
  options?: HashOptions,
  turn?: TurnOptions,
): Promise<PasswordVerification> {
  const costs = resolveCosts(options)
  const bounded = boundPassword(password)
  if (bounded === null || !isArgon2id(hash)) {
    await turns.take(() => verify(dummyHash(costs), bounded ?? ""), turn)
    return { ok: false, rehash: false }
  }
  const ok = await turns.take(() => verify(hash, bounded), turn)
  return { ok, rehash: ok && needsRehash(hash, costs) }
}

/**
 * Tells whether some password could match this hash: whether it is a valid argon2id PHC string.
 * A lazy user has no hash (null or undefined), and so no usable password.
 * @example
 * ```ts
 * hasUsablePassword(null) // false
 * ```
 */
export function hasUsablePassword(hash: string | null | undefined): boolean {
  return isArgon2id(hash)
}

/**
 * Checks that a hash could start or join the queue now, before other work is done for it.
 * @throws TooManyWaiting when more than `turn.maxWaiting` callers wait, or the client disconnected
 */
export function checkTurn(turn: TurnOptions): void {
  turns.check(turn)
}

/**
 * Runs other work in the queue of the hashes.
 * @throws TooManyWaiting when more than `turn.maxWaiting` callers wait, or the client disconnects
 */
export function takeTurn<Result>(work: () => Promise<Result>, turn: TurnOptions): Promise<Result> {
  return turns.take(work, turn)
}

type Costs = Required<HashOptions>

function resolveCosts(options: HashOptions = {}): Costs {
  const { memoryCost = 19_456, timeCost = 2, parallelism = 1 } = options
  requireInteger("memoryCost", memoryCost, MIN_MEMORY, MAX.memoryCost)
  requireInteger("timeCost", timeCost, 1, MAX.timeCost)
  requireInteger("parallelism", parallelism, 1, MAX.parallelism)
  if (memoryCost * timeCost < MIN_WORK) {
    throw new RangeError(
      `memoryCost (${memoryCost}) times timeCost (${timeCost}) must be at least ${MIN_WORK}. Leave both out for the defaults, 19456 and 2.`,
    )
  }
  return { memoryCost, timeCost, parallelism }
}

function requireInteger(name: keyof HashOptions, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}.`)
  }
}

// The reference implementation writes m, t, p in this order; the argon2 package writes m, p, t.
const PHC =
  /^\$argon2id\$v=(?:16|19)\$m=(\d{1,10}),(?:t=(\d{1,10}),p=(\d{1,10})|p=(\d{1,10}),t=(\d{1,10}))\$[A-Za-z\d+/]{11,86}\$[A-Za-z\d+/]{22,86}$/

/**
 * Tells whether a string is an argon2id hash with costs in range. A corrupt stored hash could make
 * argon2 throw, or take hours and all memory.
 */
export function isArgon2id(hash: unknown): hash is string {
  const [, m, t, p, pFirst, tLast] = (typeof hash === "string" && PHC.exec(hash)) || []
  const memoryCost = Number(m)
  const timeCost = Number(t ?? tLast)
  const parallelism = Number(p ?? pFirst)
  return (
    parallelism >= 1 &&
    parallelism <= MAX.parallelism &&
    timeCost >= 1 &&
    timeCost <= MAX.timeCost &&
    memoryCost >= 8 * parallelism &&
    memoryCost <= MAX.memoryCost
  )
}

/**
 * Returns a hash that no known password matches. It is written rather than computed, because only
 * the cost of checking it matters.
 */
function dummyHash({ memoryCost, timeCost, parallelism }: Costs): string {
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`
}

const turns = new Turns(MAX_AT_ONCE)
