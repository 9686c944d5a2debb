import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { LazySetupError } from "../../errors.js"
import { newId } from "../../new-id.js"
import { type HashOptions, hashPassword } from "../../password/hash.js"
import { checkPassword, normalizeEmail, normalizeUsername } from "../../password/policy.js"
import type { TurnOptions } from "../../password/turns.js"
import type { GenerateEmail } from "../../store/create/generated-email.js"
import { generatedEmail } from "../../store/create/generated-email.js"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"
import type { NewRealUser } from "../../store/users/conversion.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import { takeTryOf } from "../config/take-try.js"
import type { ConvertDecision, SignUpDecision } from "../context/decision.js"
import { signUpIds } from "../request/lazy-user-ids.js"
import type { CurrentSession } from "../session/current-session.js"
import { type BoundContext, boundProvider, type LazyProviderConfig } from "./bound-provider.js"
import { inTurn, turnOf } from "./password-turn.js"
import { type SignInAgainOptions, signInAgain } from "./sign-in-again.js"

/**
 * Options of {@link ConvertProvider}.
 * @example
 * const options: ConvertProviderOptions = { identifier: "email" }
 */
export interface ConvertProviderOptions {
  /**
   * What a user signs in with: a chosen username, or an e-mail address.
   * @default "username"
   * @example identifier: "email"
   */
  identifier?: "username" | "email"
  /**
   * Checks the input by rules of the app, after those of this library. Gets the accepted input:
   * names and addresses normalized, the password as it will be hashed. Throw a
   * {@link SignInRefused}, or any CredentialsSignin, to refuse.
   * @default no further rules
   * @example
   * validate({ username }) {
   *   if (username === "admin") throw new SignInRefused("username_taken")
   * }
   */
  validate?: (input: ConvertInput) => void | Promise<void>
  /**
   * Makes an address for a user who signs up with a username where the `email` column is NOT NULL,
   * as `LazyProvider({ generateEmail })` does for lazy users.
   * @default no address: the column stays null
   * @example generateEmail: ({ id }) => `${id}@lazy.invalid`
   */
  generateEmail?: GenerateEmail
  /**
   * The parameters of argon2id.
   * @default the OWASP minimum or better
   * @example hash: { timeCost: 3 }
   */
  hash?: HashOptions
  /**
   * Limits tries, including successful ones: each costs a hash, and a failed one may tell who has
   * an account. Takes any limiter of rate-limiter-flexible; several server processes need one that
   * they share. Conversions fail while the store of a limiter fails, unless it has an
   * `insuranceLimiter`.
   * @default limiters in memory
   * @example limiters: { address: new RateLimiterMemory({ points: 20, duration: 60 * 60 }) }
   */
  limiters?: {
    /**
     * Limits tries per client address, where the framework knows it.
     * @default 100 an hour, in memory
     */
    address?: RateLimiterAbstract
    /**
     * Limits, per name, how often the password of a repeated form is compared. Beyond the limit,
     * the answer says that the name is taken.
     * @default 10 in 15 minutes, in memory
     */
    name?: RateLimiterAbstract
  }
}

/** The accepted input, normalized. Has exactly one of `username` and `email`. */
export interface ConvertInput {
  /** The chosen name: NFKC in lower case. */
  username?: string
  /** The normalized address. */
  email?: string
  /** The password as it will be hashed. */
  password: string
}

const ADDRESS_TRIES = { points: 100, duration: 60 * 60 }
const NAME_TRIES = { points: 10, duration: 15 * 60 }

interface Choice extends ConvertInput {
  /** The name as the user typed it. */
  display?: string
}

/**
 * Makes the provider behind `signIn("convert", { username | email, password, passwordConfirm? })`.
 * It converts the lazy user who is signed in, under the same id; without a session it signs the
 * visitor up, and it refuses a real user with `already_converted`.
 *
 * A refusal is a {@link SignInRefused} with a `code`; the lazy session and its data stay unchanged.
 * @example
 * const authConfig = withLazy({
 *   adapter: LazyAdapter(db),
 *   providers: [LazyProvider(), PasswordProvider(), ConvertProvider({ identifier: "email" })],
 * })
 */
export function ConvertProvider(options: ConvertProviderOptions = {}): LazyProviderConfig {
  const { identifier = "username" } = options
  return boundProvider(
    {
      id: "convert",
      name: "Password",
      credentials: {
        [identifier]: identifier === "email" ? { label: "E-mail", type: "email" } : { label: "Username" },
        password: { label: "Password", type: "password" },
      },
    },
    {
      check: requirePasswords,
      async authorize(credentials, context) {
        const current = await context.session.current()
        if (current && !isLazyRow(current.user)) throw new SignInRefused("already_converted")
        const client = context.client()
        const tries = options.limiters?.address ?? context.limiters.limiter("convert-address", ADDRESS_TRIES)
        if (client !== undefined) await takeTryOf(tries, client)
        const turn = await turnOf(context)
        const again: SignInAgainOptions = {
          hash: options.hash,
          tries: options.limiters?.name ?? context.limiters.limiter("convert-name", NAME_TRIES),
          turn,
        }
        const choice = await inTurn(() => readChoice(credentials, identifier, options.validate, turn))
        const passwordHash = await inTurn(() => hashPassword(choice.password, options.hash, turn))
        if (current) {
          const decision = conversion(context, current, choice, passwordHash, again)
          context.decision = decision
          return { ...current.user, ...decision.set, convertedAt: new Date() }
        }
        const decision = await signUp(context, choice, passwordHash, again, options.generateEmail)
        context.decision = decision
        return candidate(decision.user)
      },
    },
  )
}

/**
 * Checks that the adapter has a table for passwords.
 * @throws LazySetupError when it has none
 */
export function requirePasswords(adapter: InternalAdapter): void {
  if (!adapter.lazy.hasPasswords)
    throw new LazySetupError(
      "ConvertProvider and PasswordProvider need a table for passwords: LazyAdapter(db, { passwordsTable }).",
    )
}

async function readChoice(
  credentials: Record<string, unknown>,
  identifier: "username" | "email",
  validate: ConvertProviderOptions["validate"],
  turn: TurnOptions,
): Promise<Choice> {
  const { password, passwordConfirm } = credentials
  const chosen = identifier === "email" ? readEmail(credentials.email) : readUsername(credentials.username)
  if (passwordConfirm !== undefined && passwordConfirm !== password) throw new SignInRefused("password_mismatch")
  const names = [chosen.username, chosen.display, chosen.email].filter((name) => name !== undefined)
  const checked = await checkPassword(password, { userInputs: names }, turn)
  if (!checked.ok) throw new SignInRefused(checked.code)
  const { display, ...input } = { ...chosen, password: checked.password }
  await validate?.(input)
  return { ...input, display }
}

function readUsername(input: unknown): Omit<Choice, "password"> {
  const name = normalizeUsername(input)
  if (!name) throw new SignInRefused("username_invalid")
  return name
}

function readEmail(input: unknown): Omit<Choice, "password"> {
  const email = normalizeEmail(input)
  if (!email) throw new SignInRefused("email_invalid")
  return { email }
}

function conversion(
  context: BoundContext,
  current: CurrentSession,
  choice: Choice,
  passwordHash: string,
  again: SignInAgainOptions,
): ConvertDecision {
  const { name, id } = current.user
  return {
    kind: "convert",
    through: { passwordHash, repeated: () => signInAgain(context, { ...choice, userId: id }, again) },
    current,
    set: {
      // The generated name ends with the conversion, whatever the identifier.
      username: choice.username ?? null,
      name: name ?? choice.display ?? null,
      ...(choice.email !== undefined && { email: choice.email, emailVerified: null }),
    },
    by: { provider: "convert", type: "credentials" },
  }
}

async function signUp(
  context: BoundContext,
  choice: Choice,
  passwordHash: string,
  again: SignInAgainOptions,
  generateEmail?: GenerateEmail,
): Promise<SignUpDecision & { user: { id: string } }> {
  const { username, email, display } = choice
  const session = context.newSession()
  const [own] = signUpIds(context.config, context.head, username ?? email ?? "")
  const id = own !== undefined && !(await context.adapter.getUser(own)) ? own : newId()
  const address = email ?? (username === undefined ? null : await generatedEmail(generateEmail, { id, username }))
  const user = { id, username, email: address ?? undefined, name: display, passwordHash, session }
  return { kind: "sign-up", user, repeated: () => signInAgain(context, choice, again) }
}

/** Returns the user as the app's `signIn` callback sees it, before it is in the database. */
function candidate({ id, name, email, username }: NewRealUser & { id: string }): UserRow {
  return {
    id,
    name: name ?? null,
    email: email ?? null,
    username: username ?? null,
    emailVerified: null,
    image: null,
    lazySince: null,
    convertedAt: null,
    seenAt: null,
  }
}
