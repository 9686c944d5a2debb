import { LazySetupError } from "../errors.js"

/** Options of `gate`. */
export interface GateOptions {
  /**
   * Lets only lazy users, or only real users, pass, and makes nobody.
   * @default everybody passes, and a visitor without a session becomes a lazy user
   */
  require?: "lazy" | "real"
  /**
   * Whether a visitor without a session becomes a lazy user. With `false` the gate only reads: everybody passes.
   * @default true
   */
  create?: boolean
  /**
   * Where to send a browser that may not pass; a path of this site.
   * @default the sign-in page of Auth.js
   */
  redirectTo?: string
  /**
   * Returns the client's address, by which new lazy users are limited.
   * @default unknown
   */
  getClientAddress?: () => string
}

/** Options of `allowLazy`. */
export interface AllowOptions {
  /**
   * Which request makes the lazy user: `"visit"` is the first one, whatever its method.
   * @default "visit"
   */
  on?: "visit"
}

/** Options of `requireLazy` and `requireReal`. */
export interface RequireOptions {
  /**
   * Where to send a browser that may not pass; a path of this site.
   * @default the sign-in page of Auth.js
   * @example requireReal(authConfig, { redirectTo: "/convert" })
   */
  redirectTo?: string
}

/** The gates that every framework has, and what each asks of {@link GateOptions}. */
const GATES = {
  allowLazy: {},
  requireLazy: { require: "lazy" },
  requireReal: { require: "real" },
  optionalSession: { create: false },
} as const satisfies Record<string, GateOptions>

type GateName = keyof typeof GATES

/** The options of each function, and the values that each option takes. */
const KNOWN: Record<GateName | "gate", Record<string, (value: unknown) => boolean>> = {
  allowLazy: { on: (value) => value === "visit" },
  requireLazy: { redirectTo: isText },
  requireReal: { redirectTo: isText },
  optionalSession: {},
  gate: {
    require: (value) => value === "lazy" || value === "real",
    create: (value) => typeof value === "boolean",
    redirectTo: isText,
    getClientAddress: (value) => typeof value === "function",
  },
}

function isText(value: unknown): boolean {
  return typeof value === "string"
}

/**
 * Turns the arguments of a framework's gate into the options of `gate`.
 * @throws LazySetupError when they can't be; the message has the line to write
 */
export function optionsOf(name: GateName, auth: unknown, options: RequireOptions & AllowOptions = {}): GateOptions {
  if (typeof auth !== "function")
    throw new LazySetupError(`${name} takes what withLazy returned. Write ${name}(authConfig).`)
  checkOptions(name, options)
  return { ...GATES[name], ...(options.redirectTo !== undefined && { redirectTo: options.redirectTo }) }
}

/**
 * Checks that the options exist and have values that they take.
 * @throws LazySetupError when one doesn't; the message has the line to write
 */
export function checkOptions(name: GateName | "gate", options: unknown): asserts options is object {
  const known = KNOWN[name]
  if (typeof options !== "object" || options === null)
    throw new LazySetupError(`${name} takes its options as an object. Write ${lineFor(name, options)}.`)
  for (const [option, value] of Object.entries(options)) {
    const accepts = Object.hasOwn(known, option) ? known[option] : undefined
    if (!accepts) throw new LazySetupError(`${name} has no option \`${option}\`; ${listOf(Object.keys(known))}.`)
    if (value !== undefined && !accepts(value))
      throw new LazySetupError(`${name}: \`${option}\` must not be ${shown(value)}; it takes ${TAKEN[option]}.`)
  }
}

const TAKEN: Record<string, string> = {
  on: '"visit"',
  require: '"lazy" or "real"',
  create: "true or false",
  redirectTo: 'a path of this site, such as { redirectTo: "/convert" }',
  getClientAddress: "a function that returns the address",
}

function lineFor(name: GateName | "gate", given: unknown): string {
  if (name === "gate") return 'gate(request, authConfig, { require: "real" })'
  if (!("redirectTo" in KNOWN[name])) return `${name}(authConfig)`
  return `${name}(authConfig, { redirectTo: ${typeof given === "string" ? JSON.stringify(given) : '"/convert"'} })`
}

function listOf(options: string[]): string {
  return options.length === 0 ? "it has none" : `it has ${options.map((option) => `\`${option}\``).join(", ")}`
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value)
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`
}
