const POLICY = "content-security-policy"

/** Returns the gate's policy on who may embed the page; null where it has none. */
export function framePolicyOf(gated: Headers): string | null {
  return gated.get(POLICY)
}

/**
 * Adds a policy beside those of the handler: browsers enforce each one, and so the strictest.
 * @param policy without a comma, which separates policies; null to add none
 */
export function addFramePolicy(headers: Headers, policy: string | null): void {
  if (policy !== null && !hasPolicy(headers.get(POLICY), policy)) headers.append(POLICY, policy)
}

/** Tells whether a header, or a list of them, has exactly this policy. */
export function hasPolicy(given: string | null, policy: string): boolean {
  return given?.split(",").some((each) => each.trim() === policy) === true
}
