import { parseArgs } from "node:util"

/** What a run does, and for how long. */
export interface Settings {
  seconds: number
  /** Seconds between the beginnings of two faults. */
  every: number
  /** Seconds for which Redis, room on the disk or the right time is missing. */
  lasting: { redis: number; disk: number; clock: number; cuts: number }
  /** The order of the faults and the ways of the visitors follow from it. */
  seed: number
  /** The driver of the app. */
  driver: "pg" | "postgres"
  /** How many visitors are there at a time. */
  visitors: number
  /** Whether a promise about time that is broken fails the run. */
  judgesTime: boolean
}

export const HELP = `npm run soak -- [options]
  --seconds N   how long; below 120, a fault comes every 4 seconds instead of every 20,
                and the time that sign-ins take to go on is only reported (default 600)
  --seed N      the order of the faults and what visitors do (default 1)
  --driver NAME pg or postgres (default pg)`

/** Reads the command line; undefined where it asks for help or can't be read. */
export function readSettings(): Settings | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      seed: { type: "string", default: "1" },
      driver: { type: "string", default: "pg" },
      help: { type: "boolean", default: false },
    },
  })
  const { driver } = values
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)]
  const isKnown = driver === "pg" || driver === "postgres"
  if (values.help || !isKnown || !(seconds >= 20 && seconds <= 3600) || !Number.isInteger(seed)) return undefined
  const isLong = seconds >= 120
  const lasting = isLong ? { redis: 15, disk: 8, clock: 10, cuts: 4 } : { redis: 2, disk: 2, clock: 2, cuts: 2 }
  return { seconds, every: isLong ? 20 : 4, lasting, seed, driver, visitors: isLong ? 8 : 5, judgesTime: isLong }
}
