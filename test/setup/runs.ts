/**
 * Returns how many cases a property test runs: always this many, however slow the machine, times
 * `PROPERTY_RUNS`.
 * @example PROPERTY_RUNS=20 npx vitest run test/store/merge-properties.test.ts
 */
export function runs(cases: number): { numRuns: number } {
  return { numRuns: cases * Number(process.env.PROPERTY_RUNS ?? 1) }
}
