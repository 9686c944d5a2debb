import { LazySetupError } from "./errors.js"

/** The longest time that an option takes, in seconds. */
const LONGEST = 100_000 * 24 * 60 * 60

/**
 * Reads the options of one call, each by itself. Refuses an unknown or invalid one instead of
 * ignoring it: a misread option of a purge or an adoption costs users.
 */
export class OptionReader<Options extends { signal?: AbortSignal }> {
  /**
   * @param method the method that takes the options, as errors name it
   * @throws LazySetupError when an option is unknown
   */
  constructor(
    private readonly method: string,
    private readonly options: Options,
    known: Record<keyof Options, true>,
  ) {
    const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
    if (unknown !== undefined)
      throw new LazySetupError(`${method}: there is no option ${unknown}. Use ${Object.keys(known).join(", ")}.`)
  }

  /** Reads a number of seconds. */
  seconds(name: keyof Options & string): number | undefined {
    const value: unknown = this.options[name]
    if (value === undefined) return undefined
    if (typeof value === "number" && value >= 0 && value <= LONGEST) return value
    throw this.refusal(name, `a number of seconds from 0 to ${LONGEST}`)
  }

  /** Reads a whole number. */
  whole(name: keyof Options & string, least: number, most: number): number | undefined {
    const value: unknown = this.options[name]
    if (value === undefined) return undefined
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
    throw this.refusal(name, `a whole number from ${least} to ${most}`)
  }

  /** Reads true or false, false by default. The text "false" would be truthy. */
  flag(name: keyof Options & string): boolean {
    const value: unknown = this.options[name] ?? false
    if (typeof value === "boolean") return value
    throw this.refusal(name, "true or false")
  }

  /** Reads a function. */
  callable<Name extends keyof Options & string>(name: Name): Options[Name] {
    const value: unknown = this.options[name]
    if (value === undefined || typeof value === "function") return this.options[name]
    throw this.refusal(name, "a function")
  }

  /** Reads an abort signal by its property, since there can be several classes of that name. */
  signal(): AbortSignal | undefined {
    const { signal } = this.options
    if (signal === undefined || typeof signal?.aborted === "boolean") return signal
    throw this.refusal("signal", "an AbortSignal: signal: AbortSignal.timeout(60_000)", "")
  }

  private refusal(name: string, wanted: string, end = "."): LazySetupError {
    return new LazySetupError(`${this.method}: \`${name}\` must be ${wanted}${end}`)
  }
}
