/** How many milliseconds it took, and what came of it. */
export async function timed<Result>(work: () => Promise<Result>): Promise<{ milliseconds: number; result: Result }> {
  const start = performance.now()
  const result = await work()
  return { milliseconds: performance.now() - start, result }
}
