const said = new Set<string>()

/** Writes a warning to the console, once per process. */
export function warnOnce(message: string): void {
  if (said.has(message)) return
  said.add(message)
  console.warn(`[authjs-lazy] ${message}`)
}
