import type { AuthConfig } from "@auth/core"
import type { RequestContext } from "./request-context.js"

/** The parts of a configuration that `withLazy` makes for each request, and that copies of it share. */
const PARTS = ["adapter", "callbacks"] as const

const contexts = new WeakMap<object, RequestContext>()

/** Remembers the context of a configuration, under each of its parts. */
export function keepContext(config: AuthConfig, context: RequestContext): void {
  for (const name of PARTS) {
    const part = config[name]
    if (part) contexts.set(part, context)
  }
}

/**
 * Returns the context of a configuration that `withLazy` made, or of a copy of it with changes.
 * Undefined for any other configuration of Auth.js.
 */
export function contextOf(config: AuthConfig): RequestContext | undefined {
  for (const name of PARTS) {
    const part = config[name]
    const context = part && contexts.get(part)
    if (context) return context
  }
  return undefined
}
