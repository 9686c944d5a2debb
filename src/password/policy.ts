import { normalizeAddress } from "../email-address.js"
import { boundPassword, countCharacters, isGuessable, isTooShort, loadScorer } from "./strength.js"
import { type TurnOptions, Turns } from "./turns.js"

const NAME_RAW_MAX = 256
const NAME_LENGTH = { min: 3, max: 32 }

/** Holds the two forms of a valid username. See {@link normalizeUsername}. */
export interface NormalizedUsername {
  /** The form to store and look up: NFKC in lower case. Normalising it again changes nothing. */
  username: string
  /** The form to show: NFKC in the case that the person typed. */
  display: string
}

/** Holds the normalised password, or the code of the refusal. See {@link checkPassword}. */
export type PasswordCheck = { ok: true; password: string } | { ok: false; code: "password_weak" | "password_too_long" }

// Allow up to four marks after a letter or digit: no script needs more (UTS #39, section 5.4).
const NAME_SHAPE = /^[\p{L}\p{N}]\p{M}{0,4}(?:[._-]*[\p{L}\p{N}]\p{M}{0,4})*$/u
// Some letters and marks are invisible: Hangul fillers, variation selectors, the grapheme joiner.
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/u
const LOOKS_LIKE_AT = /[@＠﹫ⓐⒶ]/u
const CONFUSABLE_SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

/**
 * Normalises a username, and returns null for an invalid one.
 *
 * A username has 3 to 32 characters (code points, after NFKC and trimming): letters with their
 * marks and digits of any script, and `.`, `_` and `-` between them. Not allowed are `@` and its
 * lookalikes, so that no username reads as an e-mail address; invisible, control and bidirectional
 * characters; and letters of more than one of Latin, Cyrillic and Greek (homoglyphs).
 *
 * Lower-cases like RFC 8265, section 3.3 (UsernameCaseMapped), but with NFKC in place of NFC, so
 * that wide and stylised letters do not give a second user the same name.
 */
export function normalizeUsername(input: unknown): NormalizedUsername | null {
  if (typeof input !== "string" || input.length > NAME_RAW_MAX || LOOKS_LIKE_AT.test(input)) return null
  const display = input.normalize("NFKC").trim()
  const username = lowerCase(display)
  return isName(display) && isName(username) ? { username, display } : null
}

function isName(name: string): boolean {
  const length = countCharacters(name)
  return (
    length >= NAME_LENGTH.min &&
    length <= NAME_LENGTH.max &&
    NAME_SHAPE.test(name) &&
    !INVISIBLE.test(name) &&
    CONFUSABLE_SCRIPTS.filter((script) => script.test(name)).length <= 1
  )
}

function lowerCase(name: string): string {
  // A final sigma differs by position alone: ΟΔΟΣ, οδος and οδοσ are the same name.
  const lower = name.toLowerCase().replaceAll("ς", "σ")
  // A pair may compose only in lower case: H̱ has no composed form, ẖ has one.
  return lower.normalize("NFKC")
}

/**
 * Normalises an e-mail address that can receive mail, and returns null for any other. Follows
 * {@link normalizeAddress}, but refuses `.invalid` (RFC 2606), which marks generated addresses.
 */
export function normalizeEmail(input: unknown): string | null {
  const email = normalizeAddress(input)
  return email?.endsWith(".invalid") ? null : email
}

/**
 * Checks that a password is long enough and hard to guess. It needs 8 to 256 characters (code
 * points, after NFKC) and a zxcvbn score of at least 2 of 4, which means over a million guesses.
 * There are no composition rules (NIST SP 800-63B, section 5.1.1.2).
 *
 * Name in `userInputs` what an attacker tries first: the username, the e-mail address, the name of
 * the site. A password that is one of them with little around it is refused.
 *
 * Only the first 64 characters are scored. The first call loads the dictionaries, about 0.1 s and
 * 7 MB. Scoring blocks the event loop, so passwords are scored one at a time, with pauses between.
 * @param turn limits the wait while other passwords are scored
 * @throws TooManyWaiting when more than `turn.maxWaiting` callers wait, or the client disconnects
 * @example
 * ```ts
 * const check = await checkPassword("alice-2024", { userInputs: ["alice", "Acme"] })
 * if (!check.ok) console.log(check.code) // "password_weak"
 * ```
 */
export async function checkPassword(
  password: unknown,
  context: { userInputs: string[] },
  turn?: TurnOptions,
): Promise<PasswordCheck> {
  if (typeof password !== "string") return { ok: false, code: "password_weak" }
  const bounded = boundPassword(password)
  if (bounded === null) return { ok: false, code: "password_too_long" }
  if (isTooShort(bounded)) return { ok: false, code: "password_weak" }
  const loading = loadScorer()
  inLine += 1
  const score = await turns
    .take(async () => {
      const scorer = await loading
      await rest()
      const start = performance.now()
      const result = scorer(bounded, context.userInputs)
      const end = performance.now()
      restUntil = end + (end - start)
      return result
    }, turn)
    .finally(() => {
      inLine -= 1
    })
  return isGuessable(score) ? { ok: false, code: "password_weak" } : { ok: true, password: bounded }
}

const turns = new Turns(1)
let inLine = 0
let restUntil = 0

/**
 * Gives the event loop back to requests. While passwords queue, pauses for as long as the last one
 * blocked the loop, because one request takes many turns of it.
 */
function rest(): Promise<void> {
  const left = inLine > 1 ? restUntil - performance.now() : 0
  return new Promise((resolve) => {
    if (left > 0) setTimeout(resolve, left)
    else setImmediate(resolve)
  })
}
