import { LazySetupError } from "../errors.js"

/**
 * Configures `gate`.
 * @example
 * const options: GateOptions = { require: "real", redirectTo: "/convert" }
 */
export interface GateOptions {
  /**
   * Lets only lazy users or only real users through, and creates nobody.
   * @default undefined: everyone passes, and a visitor without a session becomes a lazy user
   */
  require?: "lazy" | "real"
  /**
   * Creates a lazy user for a visitor without a session. With `false`, the gate only reads the
   * session, and everyone passes.
   * @default true
   */
  create?: boolean
  /**
   * Names the request that creates the lazy user; see {@link AllowOptions.on}.
   * @default "visit"
   */
  on?: "visit" | "write"
  /**
   * With `on: "write"`, gives a CSRF cookie to a browser that opens a page; see
   * {@link AllowOptions.csrfCookie}.
   * @default true
   */
  csrfCookie?: boolean
  /**
   * Path on this site to which a refused browser is redirected.
   * @default the sign-in page of Auth.js
   */
  redirectTo?: string
  /**
   * Returns the client's IP address, by which the gate limits new lazy users.
   * @default undefined: `lazy.limits.perAddress` does not apply
   */
  getClientAddress?: () => string
}

/**
 * Configures `allowLazy`.
 * @example
 * const options: AllowOptions = { on: "write" }
 */
export interface AllowOptions {
  /**
   * Names the request that creates the lazy user. `"visit"` is the first one other than HEAD,
   * OPTIONS and TRACE. `"write"` is the first POST, PUT, PATCH or DELETE; until then, pages are shown
   * without a session, and cost no statement and no row.
   * @default "visit"
   */
  on?: "visit" | "write"
  /**
   * With `on: "write"`, gives the CSRF cookie of Auth.js to a browser that opens a page without
   * one, so that first writes that it sends at once create one lazy user. With `false`, pages set no
   * cookie, and a shared cache can serve them.
   * @default true
   */
  csrfCookie?: boolean
}

/**
 * Configures `requireLazy` and `requireReal`.
 * @example
 * const options: RequireOptions = { redirectTo: "/convert" }
 */
export interface RequireOptions {
  /**
   * Path on this site to which a refused browser is redirected.
   * @default the sign-in page of Auth.js
   */
  redirectTo?: string
}

/** Maps each framework's gates to the {@link GateOptions} that they stand for. */
const GATES = {
  allowLazy: {},
  requireLazy: { require: "lazy" },
  requireReal: { require: "real" },
  optionalSession: { create: false },
} as const satisfies Record<string, GateOptions>

type GateName = keyof typeof GATES

/** Lists the options of each function, with a check for their values. */
const KNOWN: Record<GateName | "gate", Record<string, (value: unknown) => boolean>> = {
  allowLazy: { on: isMoment, csrfCookie: isBoolean },
  requireLazy: { redirectTo: isText },
  requireReal: { redirectTo: isText },
  optionalSession: {},
  gate: {
    require: (value) => value === "lazy" || value === "real",
    create: isBoolean,
    on: isMoment,
    csrfCookie: isBoolean,
    redirectTo: isText,
    getClientAddress: (value) => typeof value === "function",
  },
}

function isText(value: unknown): boolean {
  return typeof value === "string"
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean"
}

function isMoment(value: unknown): boolean {
  return value === "visit" || value === "write"
}

/**
 * Turns the arguments of a framework's gate into the options of `gate`.
 * @throws LazySetupError when an argument is invalid; the message has the line to write
 */
export function optionsOf(name: GateName, auth: unknown, options: RequireOptions & AllowOptions = {}): GateOptions {
  if (typeof auth !== "function")
    throw new LazySetupError(`${name} needs the function that withLazy returned. Write ${name}(authConfig).`)
  checkOptions(name, options)
  return { ...GATES[name], ...options }
}

/**
 * Checks the names and values of options.
 * @throws LazySetupError when one is invalid; the message has the line to write
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
  const { on, csrfCookie } = options as GateOptions
  if (csrfCookie !== undefined && on !== "write")
    throw new LazySetupError(
      `${name}: \`csrfCookie\` needs \`on: "write"\`. Write { on: "write", csrfCookie: ${csrfCookie} }.`,
    )
}

const TAKEN: Record<string, string> = {
  on: '"visit" or "write"',
  csrfCookie: "true or false",
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
