import { LazySetupError } from "./errors.js"

/** Gathers what is wrong with a setup, so that one error reports all of it. */
export class SetupProblems {
  private readonly messages: string[] = []

  /** The problems that were gathered so far. */
  get all(): readonly string[] {
    return this.messages
  }

  add(...messages: string[]): void {
    this.messages.push(...messages)
  }

  /** Runs a check. Gathers the problems of a refusal, and returns undefined then. */
  try<Result>(check: () => Result): Result | undefined {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof LazySetupError)) throw error
      this.add(...error.problems)
      return undefined
    }
  }

  /**
   * Refuses the setup when anything was gathered.
   * @throws LazySetupError with every problem
   */
  refuse(): void {
    const { messages } = this
    if (messages.length === 0) return
    const [first = ""] = messages
    const message =
      messages.length === 1
        ? first
        : `${messages.length} things are wrong:\n${messages.map((one) => `- ${one}`).join("\n")}`
    throw new LazySetupError(message, { problems: messages })
  }
}
