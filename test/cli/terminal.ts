import { spawn } from "node:child_process"
import { once } from "node:events"
import { builtCommand } from "./command.js"

/** A command that runs on a terminal. */
export class Terminal {
  /** Everything that was written to the terminal so far. */
  shown = ""
  readonly #child

  /** Runs `authjs-lazy` on its own terminal. The shell appends `after`, such as a redirection. */
  constructor(
    args: string[],
    {
      url,
      env = {},
      columns = 100,
      after = "",
    }: { url: string; env?: Record<string, string>; columns?: number; after?: string },
  ) {
    const quoted = [process.execPath, builtCommand, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    const line = `stty cols ${columns} rows 40 && exec ${quoted.join(" ")} ${after}`
    const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env
    // Of util-linux: makes a terminal and runs a command on it.
    this.#child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
      env: { ...inherited, TERM: "xterm-256color", DATABASE_URL: url, SHELL: "/bin/sh", ...env },
    })
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.shown += text
    })
  }

  /** Resolves when the terminal has shown something. */
  async shows(expected: string | RegExp): Promise<void> {
    const isThere = () => (typeof expected === "string" ? this.shown.includes(expected) : expected.test(this.shown))
    while (!isThere()) {
      if (this.#child.exitCode !== null) throw new Error(`The command ended without ${expected}:\n${this.shown}`)
      await Promise.race([once(this.#child.stdout, "data"), once(this.#child, "close")])
    }
  }

  /** Presses Ctrl and C. */
  interrupt(): void {
    this.#child.stdin.write("\x03")
  }

  /**
   * Resolves with the exit code when the command ends: 128 plus the number of a signal that ended
   * it.
   */
  async ended(): Promise<number> {
    if (this.#child.exitCode === null) await once(this.#child, "close")
    return this.#child.exitCode ?? -1
  }
}
