#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { cac } from "cac"
import { LazyError } from "../errors.js"
import { withoutSecrets } from "../store/sql/without-secrets.js"
import { addDoctor } from "./doctor.js"
import { DONE, EXIT_CODES, FAILED, USAGE } from "./exit-codes.js"
import { addMigrate } from "./migrate.js"
import { addPurge } from "./purge.js"
import { addStats } from "./stats.js"
import { flushed } from "./stdout.js"
import { UsageError } from "./usage-error.js"

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string
}

const cli = cac("authjs-lazy")
for (const add of [addMigrate, addPurge, addStats, addDoctor]) add(cli)
cli.help((sections) => [...sections, { title: "Exit codes", body: EXIT_CODES }])
cli.version(version)
const code = await run(process.argv)
await Promise.all([process.stdout, process.stderr].map(flushed))
// A module that --config names may leave connections open, and they would keep the process from ending.
process.exit(code)

/** Does what the arguments say and returns the exit code. */
async function run(argv: string[]): Promise<number> {
  try {
    const { options } = cli.parse(argv, { run: false })
    // Options after it would silently not count.
    const ignored: unknown = options["--"]
    if (Array.isArray(ignored) && ignored.length > 0) throw new UsageError("Nothing can follow --.")
    if (options.help) return DONE
    if (options.version) {
      if (cli.matchedCommandName) cli.outputVersion()
      return DONE
    }
    // No more than a word is repeated: it may be a URL with its password.
    const [word = ""] = cli.args
    if (!cli.matchedCommand) throw new UsageError(/^[\w-]+$/.test(word) ? `Unknown command: ${word}` : "Which command?")
    if (cli.args.length > 0) throw new UsageError("Only options can follow the command, and flags take no value.")
    return await cli.runMatchedCommand()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const usage = error instanceof UsageError || error.name === "CACError"
    // Anything but these is a bug, of which the stack is wanted.
    const text = usage ? error.message : (error.stack ?? error.message)
    console.error(`authjs-lazy: ${withoutSecrets(error instanceof LazyError ? error.message : text)}`)
    if (!usage) return FAILED
    // cac prints help through this, and the help that follows an error is no output.
    console.info = console.error
    console.error()
    cli.outputHelp()
    return USAGE
  }
}
