import type { Finding } from "../finding.js"
import type { ConfigFacts } from "./read-config.js"

/** As long as 32 characters of base64, which is no less than what Auth.js's own documentation makes. */
const SHORTEST = 32
/** 32 random hexadecimal digits have 14 different ones on average; a key held down has one. */
const FEWEST_DIFFERENT = 8
/** Words of at least six letters: in something random they don't turn up by chance. */
const PLACEHOLDER =
  /change.?me|change.?this|secret|placeholder|example|password|replace|your.?(auth|own|random|key)|nextauth|default/i

/** Prints a line for `.env`. Auth.js names `npx auth secret`, but that package has become another library's. */
const MAKE = `node -e "console.log('AUTH_SECRET=' + require('node:crypto').randomBytes(33).toString('base64'))"`

/** Whether nobody can guess a secret of the configuration. The findings never hold one. */
export function checkSecrets({ secrets }: ConfigFacts): Finding[] {
  if (secrets.length === 0) {
    return [
      {
        code: "secret_missing",
        severity: "error",
        message: "There is no secret, and without one Auth.js refuses every request.",
        fix: MAKE,
        where: "AUTH_SECRET",
      },
    ]
  }
  return checkStrength(secrets)
}

/** Whether nobody can guess those secrets that there are. The findings never hold one. */
export function checkStrength(secrets: ConfigFacts["secrets"]): Finding[] {
  return secrets.flatMap(({ secret, where }) => {
    const problem = weakness(secret)
    if (!problem) return []
    return [
      {
        code: "secret_weak",
        severity: "error",
        message: `The secret in ${where} ${problem}. Whoever guesses it can make a session of any user.`,
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
