import type { ZxcvbnFactory } from "@zxcvbn-ts/core"
import { normalizeAddress } from "../email-address.js"
import { type TurnOptions, Turns } from "./turns.js"

const NAME_RAW_MAX = 256
const NAME_LENGTH = { min: 3, max: 32 }
const PASSWORD_RAW_MAX = 1024
const PASSWORD_LENGTH = { min: 8, max: 256 }

/** A password this guessable falls to online guessing: zxcvbn scores 0 and 1 mean at most a million tries. */
const MIN_SCORE = 2

/**
 * zxcvbn's work grows faster than the password and blocks the event loop: 256 characters of digits take 0.4 s. These two
 * keep the worst input found at some tens of milliseconds, and known passwords in l33t are recognised as well as without.
 */
const ZXCVBN_LIMITS = { maxLength: 64, l33tMaxSubstitutions: 20 }

/** What `normalizeUsername` accepts. */
export interface NormalizedUsername {
  /** The form to store, compare and look up: NFKC and lower case. Normalising it again gives itself. */
  username: string
  /** The form to show: NFKC, with the case as it was typed. */
  display: string
}

/** What `checkPassword` says: the normalised password, or why it is refused. */
export type PasswordCheck = { ok: true; password: string } | { ok: false; code: "password_weak" | "password_too_long" }

// A mark only ever follows a letter or digit, and at most four of them: more is no writing (UTS #39, section 5.4).
const NAME_SHAPE = /^[\p{L}\p{N}]\p{M}{0,4}(?:[._-]*[\p{L}\p{N}]\p{M}{0,4})*$/u
// Letters and marks can be invisible too: Hangul fillers, variation selectors, the grapheme joiner.
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/u
const LOOKS_LIKE_AT = /[@＠﹫ⓐⒶ]/u
const CONFUSABLE_SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

/**
 * The username in `input`, or null if it is none.
 *
 * A username has 3 to 32 characters (code points, after NFKC and trimming): letters with their marks and digits of any
 * script, and `.`, `_`, `-` inside. It begins and ends with a letter or digit. Refused are `@` and what looks like it, so
 * that a username can never be taken for an e-mail address; invisible, control and bidirectional characters; Latin,
 * Cyrillic and Greek letters side by side (homoglyphs); anything but a string of at most 256 UTF-16 units.
 *
 * Case is mapped to lower case as RFC 8265, section 3.3 (UsernameCaseMapped) does; NFKC instead of its NFC, so that wide
 * and stylised letters do not make a second user of the same name.
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
  // The final sigma is a matter of position, not of case: ΟΔΟΣ, οδος and οδοσ are one name.
  const lower = name.toLowerCase().replaceAll("ς", "σ")
  // Lower-casing can bring a letter and a mark together that have a composed form (H̱ has none, ẖ is one).
  return lower.normalize("NFKC")
}

/**
 * The e-mail address in `input`, trimmed, lower-cased and in NFC, or null if it is none that mail can be sent to: as
 * {@link normalizeAddress} has it, without the reserved top-level domain `.invalid` (RFC 2606) that stands in for "no
 * address".
 */
export function normalizeEmail(input: unknown): string | null {
  const email = normalizeAddress(input)
  return email?.endsWith(".invalid") ? null : email
}

/**
 * The form of a password that is measured and hashed: NFKC, so that it does not matter which keyboard, input method or
 * system composed the characters. NIST SP 800-63B (revision 3), section 5.1.1.2 asks for NFKC or NFKD; RFC 8265, section
 * 4.2 (OpaqueString) takes NFC, which tells wide letters from plain ones. Nothing is trimmed or cut.
 *
 * The length is not bounded here; see {@link boundPassword}.
 */
export function normalizePassword(password: string): string {
  return password.normalize("NFKC")
}

/**
 * The normalised password, or null if it is no string or too long to be let near a hash: more than 256 characters (code
 * points) after normalising, or more than 1024 UTF-16 units before, in which case it is not even normalised.
 */
export function boundPassword(password: unknown): string | null {
  if (typeof password !== "string" || password.length > PASSWORD_RAW_MAX) return null
  const normalized = normalizePassword(password)
  return countCharacters(normalized) > PASSWORD_LENGTH.max ? null : normalized
}

/**
 * Whether `password` may be chosen as a password: 8 to 256 characters (code points, after NFKC), not trivial to guess, and
 * not merely one of `userInputs` (username, e-mail address, the name of the site: whatever an attacker tries first) with
 * something around it. There are no rules of composition (NIST SP 800-63B, section 5.1.1.2).
 *
 * Trivial means a zxcvbn score of 0 or 1 of 4, at most a million guesses. Only the first 64 characters are scored, since
 * the work grows faster than the length; a password so repetitive that these are trivial is refused whatever follows.
 *
 * The dictionaries are loaded on the first call, which takes about 0.1 s and 7 MB. Scoring blocks the event loop, so one password is scored at a time,
 * and of several that wait each rests for as long as the one before it took.
 * @param turn how it waits for its turn; default: for as long as it takes
 */
export async function checkPassword(
  password: unknown,
  context: { userInputs: string[] },
  turn?: TurnOptions,
): Promise<PasswordCheck> {
  if (typeof password !== "string") return { ok: false, code: "password_weak" }
  const bounded = boundPassword(password)
  if (bounded === null) return { ok: false, code: "password_too_long" }
  if (countCharacters(bounded) < PASSWORD_LENGTH.min) return { ok: false, code: "password_weak" }
  zxcvbn ??= loadZxcvbn()
  const loading = zxcvbn
  inLine += 1
  const { score } = await turns
    .take(async () => {
      const scorer = await loading
      await rest()
      const start = performance.now()
      const result = scorer.check(bounded, context.userInputs.flatMap(guessesFrom))
      const end = performance.now()
      restUntil = end + (end - start)
      return result
    }, turn)
    .finally(() => {
      inLine -= 1
    })
  return score < MIN_SCORE ? { ok: false, code: "password_weak" } : { ok: true, password: bounded }
}

const turns = new Turns(1)
let inLine = 0
let restUntil = 0

/**
 * Leaves the event loop to others; where passwords queue up, for as long as the last one has blocked it, since a request takes many rounds of the
 * loop.
 */
function rest(): Promise<void> {
  const left = inLine > 1 ? restUntil - performance.now() : 0
  return new Promise((resolve) => {
    if (left > 0) setTimeout(resolve, left)
    else setImmediate(resolve)
  })
}

let zxcvbn: Promise<ZxcvbnFactory> | undefined

async function loadZxcvbn(): Promise<ZxcvbnFactory> {
  const [core, common] = await Promise.all([import("@zxcvbn-ts/core"), import("@zxcvbn-ts/language-common")])
  return new core.ZxcvbnFactory({
    dictionary: common.dictionary,
    graphs: common.adjacencyGraphs,
    ...ZXCVBN_LIMITS,
  })
}

/** The input as a whole and its words: who is alice.smith@example.com should not have the password "smith-alice". */
function guessesFrom(userInput: string): string[] {
  const whole = userInput.slice(0, PASSWORD_LENGTH.max).normalize("NFKC").toLowerCase()
  const words = whole.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => countCharacters(word) > 2)
  const local = whole.split("@")[0] ?? whole
  return [...new Set([whole, local, ...words])].filter((guess) => guess !== "")
}

function countCharacters(text: string): number {
  return [...text].length
}
