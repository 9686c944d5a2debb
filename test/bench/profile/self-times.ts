/**
 * The parts of a V8 CPU profile that are read:
 * https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** The time that a function, a file or a package took itself, in microseconds. */
export interface SelfTime {
  name: string
  took: number
}

/** The non-idle time of a process, largest first. */
export interface SelfTimes {
  /** All of it, in microseconds. */
  busy: number
  packages: SelfTime[]
  /** The files of this library, by their paths in the package. */
  ownFiles: SelfTime[]
  functions: SelfTime[]
}

const OWN = "authjs-lazy"
const IDLE = "(idle)"
/** Functions that are compiled from a string are named by it. */
const LONGEST_NAME = 40

/** Adds up the samples of a profile. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const packages = new Map<string, number>()
  const ownFiles = new Map<string, number>()
  let busy = 0
  samples.forEach((id, index) => {
    const frame = frames.get(id)
    const took = timeDeltas[index] ?? 0
    if (!frame || frame.functionName === IDLE) return
    busy += took
    const home = packageOf(frame.url)
    const place = frame.url === "" ? "" : ` ${home} ${frame.url.split("/").at(-1)}:${frame.lineNumber + 1}`
    const name = `${frame.functionName.slice(0, LONGEST_NAME) || "(no name)"}${place}`
    add(functions, name, took)
    add(packages, home, took)
    if (home === OWN) add(ownFiles, frame.url.split("/dist/").at(-1) ?? "", took)
  })
  return {
    busy,
    packages: largestFirst(packages),
    ownFiles: largestFirst(ownFiles),
    functions: largestFirst(functions),
  }
}

function add(times: Map<string, number>, name: string, took: number): void {
  times.set(name, (times.get(name) ?? 0) + took)
}

function packageOf(url: string): string {
  if (url === "") return "(the engine)"
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/")
  const [, name] = url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//) ?? []
  return name ?? (url.includes("/dist/") ? OWN : "the server of the benchmark")
}

function largestFirst(times: Map<string, number>): SelfTime[] {
  return [...times].map(([name, took]) => ({ name, took })).toSorted((one, other) => other.took - one.took)
}
