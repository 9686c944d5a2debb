/**
 * The parts of a V8 CPU profile that are read:
 * https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/**
 * Returns the share of non-idle time that the process spent in each function itself, largest first.
 */
export interface SelfTimes {
  functions: { name: string; share: number }[]
  packages: { name: string; share: number }[]
}

const IDLE = "(idle)"
/** Functions that are compiled from a string are named by it. */
const LONGEST_NAME = 40

/** Adds up the samples of a profile. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const packages = new Map<string, number>()
  let busy = 0
  samples.forEach((id, index) => {
    const frame = frames.get(id)
    const took = timeDeltas[index] ?? 0
    if (!frame || frame.functionName === IDLE) return
    busy += took
    const home = packageOf(frame.url)
    const place = frame.url === "" ? "" : ` ${home} ${frame.url.split("/").at(-1)}:${frame.lineNumber + 1}`
    const name = `${frame.functionName.slice(0, LONGEST_NAME) || "(no name)"}${place}`
    functions.set(name, (functions.get(name) ?? 0) + took)
    packages.set(home, (packages.get(home) ?? 0) + took)
  })
  return { functions: shares(functions, busy), packages: shares(packages, busy) }
}

function packageOf(url: string): string {
  if (url === "") return "(the engine)"
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/")
  const [, name] = url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//) ?? []
  return name ?? (url.includes("/dist/") ? "authjs-lazy" : "the server of the benchmark")
}

function shares(times: Map<string, number>, busy: number) {
  return [...times]
    .map(([name, took]) => ({ name, share: took / busy }))
    .toSorted((one, other) => other.share - one.share)
}
