import { availableParallelism } from "node:os"
import { hash as argon2, argon2id, needsRehash, verify } from "argon2"
import { boundPassword } from "./policy.js"
import { type TurnOptions, Turns } from "./turns.js"

/**
 * How much work a password hash is. The defaults are the minimum that OWASP gives for argon2id:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 *
 * Less than the weakest setting in that list (7 MiB, or `memoryCost * timeCost` under 7 MiB times 5) is a RangeError when
 * it is used, and so is more than the maximum below, which guards against a mistaken unit.
 */
export interface HashOptions {
  /** Memory in KiB, 7168 to 1048576. Default 19456 (19 MiB). */
  memoryCost?: number
  /** Passes over the memory, 1 to 100. Default 2. */
  timeCost?: number
  /** Lanes, each a thread of its own while hashing, 1 to 16. Default 1. */
  parallelism?: number
}

/** What `verifyPassword` found. */
export interface PasswordVerification {
  /** Whether the password is the one that was hashed. */
  ok: boolean
  /** Whether the password is right and its hash was made with other parameters than the ones now wanted. */
  rehash: boolean
}

const MIN_MEMORY = 7168
const MIN_WORK = MIN_MEMORY * 5
const MAX = { memoryCost: 1_048_576, timeCost: 100, parallelism: 16 }

/**
 * How many hashes this process computes at once; others wait in the order they came. Each occupies
 * one of libuv's threads and the whole `memoryCost`. One core is left to the event loop.
 */
const MAX_AT_ONCE = availableParallelism() > 2 ? 2 : 1

/**
 * The argon2id hash of `password` with a random salt, as a PHC string. The password is normalised first (NFKC), but not
 * judged; that is what `checkPassword` does.
 *
 * @param turn how it waits for its turn; default: for as long as it takes
 * @throws RangeError if the password is empty, no string, or longer than 256 characters, or if an option is out of range
 */
export async function hashPassword(password: string, options?: HashOptions, turn?: TurnOptions): Promise<string> {
  const costs = resolveCosts(options)
  const bounded = boundPassword(password)
  if (!bounded) throw new RangeError("A password to hash has 1 to 256 characters.")
  return turns.take(() => argon2(bounded, { type: argon2id, ...costs }), turn)
}

/**
 * Whether `password` is the one `hash` was made from. There is no way to tell from the answer, or from the time it takes,
 * whether there was a hash at all: with null, or a string that is no argon2id hash, a hash that nothing matches is checked
 * at the same cost. (Hashes of other costs than `options` do take another time, until `rehash` has been acted on.) So it is
 * with a password that is no string or too long, which never reaches argon2.
 *
 * @param turn how it waits for its turn; default: for as long as it takes
 * @throws RangeError if an option is out of range
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

/** Whether `hash` is an argon2id hash (PHC string) some password could match; null and undefined are the unusable password. */
export function hasUsablePassword(hash: string | null | undefined): boolean {
  return isArgon2id(hash)
}

/**
 * Refuses early when no turn is free.
 * @throws TooManyWaiting when too many are waiting
 */
export function checkTurn(turn: TurnOptions): void {
  turns.check(turn)
}

type Costs = Required<HashOptions>

function resolveCosts(options: HashOptions = {}): Costs {
  const { memoryCost = 19_456, timeCost = 2, parallelism = 1 } = options
  requireInteger("memoryCost", memoryCost, MIN_MEMORY, MAX.memoryCost)
  requireInteger("timeCost", timeCost, 1, MAX.timeCost)
  requireInteger("parallelism", parallelism, 1, MAX.parallelism)
  if (memoryCost * timeCost < MIN_WORK) {
    throw new RangeError(
      `memoryCost (${memoryCost} KiB) times timeCost (${timeCost}) must be at least ${MIN_WORK}; the defaults are 19456 and 2.`,
    )
  }
  return { memoryCost, timeCost, parallelism }
}

function requireInteger(name: keyof HashOptions, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}.`)
  }
}

// The reference implementation writes m,t,p; the argon2 package, since it builds the string itself, m,p,t.
const PHC =
  /^\$argon2id\$v=(?:16|19)\$m=(\d{1,10}),(?:t=(\d{1,10}),p=(\d{1,10})|p=(\d{1,10}),t=(\d{1,10}))\$[A-Za-z\d+/]{11,86}\$[A-Za-z\d+/]{22,86}$/

/** Also says no to what argon2 would throw on, or spend hours and all memory on, should a stored hash be corrupt. */
function isArgon2id(hash: unknown): hash is string {
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

/** Written, not computed: checking it costs the same, finding a password for it is as hard as inverting argon2. */
function dummyHash({ memoryCost, timeCost, parallelism }: Costs): string {
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`
}

const turns = new Turns(MAX_AT_ONCE)
