#!/usr/bin/env node
import { runCommand } from "./run-command.js"
import { processSurroundings } from "./surroundings.js"

const SECONDS_TO_CLOSE = 3

const surroundings = processSurroundings()
const code = await runCommand(process.argv.slice(2), surroundings)
await surroundings.flushed()
// The app's module may still use connections that close now. Ignore its errors.
process.on("uncaughtException", () => {})
const timeout = new Promise((resolve) => setTimeout(resolve, SECONDS_TO_CLOSE * 1000))
await Promise.race([Promise.allSettled(surroundings.closers.map((close) => close())), timeout])
await surroundings.flushed()
// Timers and connections of the app's module would keep the process running.
process.exit(code)
