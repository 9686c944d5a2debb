import type { Finding } from "../finding.js"
import type { ConfigFacts } from "./read-config.js"

/**
 * The length of 24 random bytes in base64, less than what the commands in the Auth.js documentation
 * make.
 */
const SHORTEST = 32
/** 32 random hexadecimal digits have 14 different ones on average; a held key has one. */
const FEWEST_DIFFERENT = 8
/** Words of at least six letters, which random text does not contain by chance. */
const PLACEHOLDER =
  /change.?me|change.?this|secret|placeholder|example|password|replace|your.?(auth|own|random|key)|nextauth|default/i

/**
 * Prints a line for `.env`. Auth.js names `npx auth secret`, but that npm package now belongs to
 * another library.
 */
const MAKE = `node -e "console.log('AUTH_SECRET=' + require('node:crypto').randomBytes(33).toString('base64'))"`

/**
 * Reports a missing secret, and secrets that an attacker can guess. The findings never hold one.
 */
export function checkSecrets({ secrets }: ConfigFacts): Finding[] {
  if (secrets.length === 0) {
    return [
      {
        code: "secret_missing",
        severity: "error",
        message: "The configuration has no secret, so Auth.js refuses every request.",
        fix: MAKE,
        where: "AUTH_SECRET",
      },
    ]
  }
  return checkStrength(secrets)
}

/** Reports secrets that an attacker can guess. The findings never hold one. */
export function checkStrength(secrets: ConfigFacts["secrets"]): Finding[] {
  return secrets.flatMap(({ secret, where }) => {
    const problem = weakness(secret)
    if (!problem) return []
    return [
      {
        code: "secret_weak",
        severity: "error",
        message: `The secret in ${where} ${problem}. An attacker who guesses it can forge a session of any user.`,
        fix: MAKE,
        where,
      },
    ]
  })
}

function weakness(secret: string): string | undefined {
  if (secret.length < SHORTEST) return `has ${secret.length} characters; it needs ${SHORTEST}`
  if (PLACEHOLDER.test(secret)) return "reads like a placeholder"
  if (new Set(secret).size < FEWEST_DIFFERENT) return "repeats a few characters"
  return undefined
}
