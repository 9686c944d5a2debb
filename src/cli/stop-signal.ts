const SIGNALS = ["SIGINT", "SIGTERM"] as const

/** Aborts work at a signal; see {@link stopSignal}. */
export interface StopSignal {
  signal: AbortSignal
  /** Removes the listeners, so that Node handles SIGINT and SIGTERM again. */
  release: () => void
}

/**
 * Calls `tell` and aborts at the first SIGINT or SIGTERM. A second one ends the process at once, as
 * Node does without listeners.
 */
export function stopSignal(tell: () => void): StopSignal {
  const controller = new AbortController()
  const stop = () => {
    release()
    tell()
    controller.abort()
  }
  const release = () => {
    for (const name of SIGNALS) process.off(name, stop)
  }
  for (const name of SIGNALS) process.on(name, stop)
  return { signal: controller.signal, release }
}
