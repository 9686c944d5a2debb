const said = new Set<string>()

/** Writes a warning to the console, once in the life of the process however many adapters are made. */
export function warnOnce(message: string): void {
  if (said.has(message)) return
  said.add(message)
  console.warn(`[authjs-lazy] ${message}`)
}
