/**
 * Returns how many cases a property test runs: always this many, however slow the machine, times
 * `PROPERTY_RUNS`.
 * @example PROPERTY_RUNS=20 npx vitest run test/store/merge-properties.test.ts
 */
export function runs(cases: number): { numRuns: number } {
  const times = Number(process.env.PROPERTY_RUNS || 1)
  if (!(times >= 1)) throw new Error(`PROPERTY_RUNS must be a number, 1 or more, not ${process.env.PROPERTY_RUNS}.`)
  return { numRuns: Math.ceil(cases * times) }
}
