import type { ZxcvbnFactory } from "@zxcvbn-ts/core"

const PASSWORD_RAW_MAX = 1024
const PASSWORD_LENGTH = { min: 8, max: 256 }

/** zxcvbn scores of 0 and 1 mean at most a million guesses, which an online attack can make. */
const MIN_SCORE = 2

/**
 * Bounds zxcvbn, which blocks the event loop for 0.4 s on 256 digits, to tens of milliseconds.
 * It recognises known passwords in l33t as well as without these limits.
 */
const ZXCVBN_LIMITS = { maxLength: 64, l33tMaxSubstitutions: 20 }

/** A score of zxcvbn: 0 for what is guessed at once, 4 for what takes over ten billion guesses. */
export type PasswordScore = 0 | 1 | 2 | 3 | 4

/**
 * Tells how strong a password is, and why the server would refuse it. See {@link passwordStrength}.
 * @example
 * const isAccepted = ({ code }: PasswordStrength) => code === null
 */
export interface PasswordStrength {
  /** From 0, guessed at once, to 4. The server refuses 0 and 1. */
  score: PasswordScore
  /** The code with which `ConvertProvider` would refuse the password; null when it accepts it. */
  code: "password_weak" | "password_too_long" | null
}

/**
 * Scores a password in the browser by the rule of `ConvertProvider`, for a strength meter. The
 * password stays in the browser, and the server checks again what the form sends.
 *
 * The first call with 8 or more characters loads zxcvbn and its dictionaries, about 235 kB gzipped,
 * so call it when a person types. Scoring takes up to tens of milliseconds.
 * @param userInputs what an attacker tries first, such as the username or the e-mail address
 * @throws when zxcvbn can't be loaded, as without a network
 * @example
 * const { score, code } = await passwordStrength("correct horse", ["ada@example.com"])
 */
export async function passwordStrength(
  password: string,
  userInputs: readonly string[] = [],
): Promise<PasswordStrength> {
  const bounded = boundPassword(password)
  if (bounded === null) return { score: 0, code: "password_too_long" }
  if (isTooShort(bounded)) return { score: 0, code: "password_weak" }
  const scorer = await loadScorer()
  const score = scorer(bounded, userInputs)
  return { score, code: isGuessable(score) ? "password_weak" : null }
}

/**
 * Normalises a password to NFKC, so that every keyboard and input method gives the same hash. Trims
 * and cuts nothing; {@link boundPassword} limits the length.
 *
 * NIST SP 800-63B (revision 3), section 5.1.1.2, asks for NFKC or NFKD. RFC 8265, section 4.2
 * (OpaqueString), uses NFC, which tells wide letters from plain ones.
 */
export function normalizePassword(password: string): string {
  return password.normalize("NFKC")
}

/**
 * Normalises a password that is short enough to hash, and returns null for any other value. The
 * limits are 256 characters (code points) after normalising, and 1024 UTF-16 units before.
 */
export function boundPassword(password: unknown): string | null {
  if (typeof password !== "string" || password.length > PASSWORD_RAW_MAX) return null
  const normalized = normalizePassword(password)
  return countCharacters(normalized) > PASSWORD_LENGTH.max ? null : normalized
}

/** Tells whether a normalised password has fewer than 8 characters. */
export function isTooShort(bounded: string): boolean {
  return countCharacters(bounded) < PASSWORD_LENGTH.min
}

/** Tells whether a password with this score is too easy to guess. */
export function isGuessable(score: PasswordScore): boolean {
  return score < MIN_SCORE
}

/** Scores a normalised password, knowing what an attacker tries first. */
export type Scorer = (bounded: string, userInputs: readonly string[]) => PasswordScore

let loading: Promise<Scorer> | undefined

/** Loads zxcvbn once; after a failure, the next call tries again. */
export function loadScorer(): Promise<Scorer> {
  loading ??= importScorer().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function importScorer(): Promise<Scorer> {
  const [core, common] = await Promise.all([import("@zxcvbn-ts/core"), import("@zxcvbn-ts/language-common")])
  const zxcvbn: ZxcvbnFactory = new core.ZxcvbnFactory({
    dictionary: common.dictionary,
    graphs: common.adjacencyGraphs,
    ...ZXCVBN_LIMITS,
  })
  return (bounded, userInputs) => zxcvbn.check(bounded, userInputs.flatMap(guessesFrom)).score
}

/**
 * Splits a user input into guesses: the whole, the part before `@`, and its words. This refuses
 * "smith-alice" as the password of alice.smith@example.com.
 */
function guessesFrom(userInput: string): string[] {
  const whole = userInput.slice(0, PASSWORD_LENGTH.max).normalize("NFKC").toLowerCase()
  const words = whole.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => countCharacters(word) > 2)
  const local = whole.split("@")[0] ?? whole
  return [...new Set([whole, local, ...words])].filter((guess) => guess !== "")
}

/** Counts the code points of a text. */
export function countCharacters(text: string): number {
  return [...text].length
}
