/**
 * Leaves out the repeated calls of hooks that run inside a transaction, where TEST_CONFLICTS makes
 * commits fail: each try calls them again, as their documentation says.
 * @param calls the name of the hook first, with what it was given
 */
export function oncePerTransaction<Call extends readonly unknown[]>(calls: Call[]): Call[] {
  if (!process.env.TEST_CONFLICTS) return calls
  const inside = (name: unknown) => name === "onConvert" || name === "onMerge"
  const same = (one: Call, other: Call) => JSON.stringify(one) === JSON.stringify(other)
  return calls.filter((call, n) => !inside(call[0]) || calls.findIndex((other) => same(call, other)) === n)
}
