import { readFileSync } from "node:fs"
import { type CAC, cac } from "cac"
import { LazyError } from "../errors.js"
import { withoutSecrets } from "../store/sql/without-secrets.js"
import { addAdopt } from "./adopt.js"
import { addDoctor } from "./doctor.js"
import { DONE, EXIT_CODES, FAILED, USAGE, UsageError } from "./exit-codes.js"
import { addInit } from "./init.js"
import { addMigrate } from "./migrate.js"
import { refuseRemovedOptions } from "./options.js"
import { addPurge } from "./purge.js"
import { addStats } from "./stats.js"
import { type Surroundings, tell } from "./surroundings.js"

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string
}

/**
 * Runs the command that the arguments name, and prints its report or error.
 * @returns the exit code
 */
export async function runCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const cli = cac("authjs-lazy")
  for (const add of [addInit, addMigrate, addAdopt, addPurge, addStats, addDoctor]) add(cli, surroundings)
  cli.help((sections) => [...sections, { title: "Exit codes", body: EXIT_CODES }])
  cli.version(version)
  try {
    const printed = printedBy(() => cli.parse(["node", "authjs-lazy", ...args], { run: false }))
    if (printed !== "") surroundings.print(printed)
    // cac would silently ignore options after `--`.
    const ignored: unknown = cli.options["--"]
    if (Array.isArray(ignored) && ignored.length > 0) throw new UsageError("Nothing can follow --.")
    if (cli.options.help) return DONE
    if (cli.options.version) {
      if (cli.matchedCommandName) surroundings.print(printedBy(() => cli.outputVersion()))
      return DONE
    }
    return await runMatched(cli)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const usage = error instanceof UsageError || error.name === "CACError"
    // Any other error is a bug, so print its stack.
    const text = usage ? error.message : (error.stack ?? error.message)
    tell(surroundings, `authjs-lazy: ${withoutSecrets(error instanceof LazyError ? error.message : text)}`)
    if (!usage) return FAILED
    tell(surroundings, `\n${printedBy(() => cli.outputHelp())}`)
    return USAGE
  }
}

async function runMatched(cli: CAC): Promise<number> {
  // Repeat only a plain word: the argument may be a URL with a password.
  const [word = ""] = cli.args
  if (!cli.matchedCommand)
    throw new UsageError(/^[\w-]+$/.test(word) ? `Unknown command: ${word}` : "The command is missing.")
  refuseRemovedOptions(cli.options, cli.matchedCommandName ?? "")
  if (cli.args.length > 0) throw new UsageError("Only options can follow the command, and flags take no value.")
  return await cli.runMatchedCommand()
}

/** Captures what cac prints, which it does only through `console.info`. */
function printedBy(print: () => void): string {
  const { info } = console
  const lines: string[] = []
  console.info = (text: string) => void lines.push(text)
  try {
    print()
  } finally {
    console.info = info
  }
  return lines.join("\n")
}
