import { randomNumbers } from "../../setup/random-numbers.js"
import { sleep } from "../servers/run-program.js"
import type { Settings } from "../settings.js"
import type { World } from "../world.js"
import { FAULTS, type FaultKind, type Outcome } from "./kinds.js"

/** A fault that happened. */
export interface Fault extends Outcome {
  name: string
  began: number
  ended: number
}

/** Runs faults of all kinds, one after the other, until the time is up. */
export async function runFaults(world: World, settings: Settings): Promise<{ faults: Fault[]; leftOut: string[] }> {
  const random = randomNumbers(settings.seed)
  const possible = FAULTS.filter(({ missing }) => missing?.(world) === undefined)
  const leftOut = FAULTS.flatMap(({ name, missing }) => (missing?.(world) ? [`${name}: ${missing(world)}`] : []))
  const end = Date.now() + settings.seconds * 1000
  const faults: Fault[] = []
  let round: FaultKind[] = []
  for (let next = Date.now() + settings.every * 500; ; next += settings.every * 1000) {
    // The last fault leaves time to recover from it.
    if (next > end - settings.every * 500) break
    await sleep(Math.max(0, next - Date.now()))
    if (round.length === 0) round = shuffled(possible, random)
    const kind = round.pop() as FaultKind
    const began = Date.now()
    const outcome = await kind.run(world, settings, random)
    const fault = { name: kind.name, began, ...outcome, ended: Date.now() }
    faults.push(fault)
    console.log(`${clock(began)} ${fault.name} (${((fault.ended - began) / 1000).toFixed(1)} s)`)
    await kind.afterwards?.(world)
  }
  await sleep(Math.max(0, end - Date.now()))
  return { faults, leftOut }
}

function shuffled<Item>(list: readonly Item[], random: () => number): Item[] {
  const left = [...list]
  return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as Item)
}

const clock = (moment: number) => new Date(moment).toISOString().slice(11, 19)
