const SIGNALS = ["SIGINT", "SIGTERM"] as const

/** See {@link stopSignal}. */
export interface StopSignal {
  signal: AbortSignal
  /** Leaves signals to Node again. */
  release: () => void
}

/** Aborts at the first SIGINT or SIGTERM, after telling. A second one ends the process at once, as Node does without listeners. */
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
