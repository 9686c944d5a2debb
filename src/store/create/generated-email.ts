import { normalizeAddress } from "../../email-address.js"
import { LazySetupError } from "../../errors.js"

/**
 * Makes an address for a user who has none, for apps whose `email` column is NOT NULL.
 * @example const generateEmail: GenerateEmail = ({ id }) => `${id}@lazy.invalid`
 */
export type GenerateEmail = (user: { id: string; username: string }) => string | Promise<string>

/**
 * Makes an address for a user without one and normalizes it; null when the app makes none.
 * @throws LazySetupError when `generateEmail` returns anything but an address
 */
export async function generatedEmail(
  generateEmail: GenerateEmail | undefined,
  user: { id: string; username: string },
): Promise<string | null> {
  const made: unknown = await generateEmail?.(user)
  if (made === undefined || made === null) return null
  const email = normalizeAddress(made)
  if (email !== null) return email
  const what = typeof made === "string" ? JSON.stringify(made.slice(0, 100)) : `a value of type ${typeof made}`
  throw new LazySetupError(`generateEmail must return an e-mail address, such as \`\${id}@lazy.invalid\`, not ${what}.`)
}

/** Explains that lazy users need an address because the `email` column is NOT NULL. */
export const NO_ADDRESS =
  "LazyProvider: the column `email` of the user table is NOT NULL, and lazy users have no address. Make one for them: " +
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a line to paste
  "LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` })"
