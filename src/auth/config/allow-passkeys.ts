import type { AuthConfig } from "@auth/core"

/**
 * Allows WebAuthn in a configuration without passkeys. Once Auth.js has checked a configuration with
 * passkeys, it asks every other configuration of the process for this switch.
 */
export function allowPasskeysElsewhere({ providers, experimental }: AuthConfig): AuthConfig["experimental"] {
  const isPasskey = providers.some((each) => (typeof each === "function" ? each({}) : each).type === "webauthn")
  return isPasskey ? experimental : { ...experimental, enableWebAuthn: true }
}
