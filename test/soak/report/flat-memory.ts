import type { Sample } from "../load/vitals.js"

/** A process that lived shorter is not judged, in seconds. */
const SHORTEST = 120
const MB = 1024 * 1024
/** What a heap may grow between the second and the last quarter of its process's life. */
const GROWTH = { share: 1.15, bytes: 5 * MB }

/** The heap of one process, from its second to its last quarter. */
export interface HeapOf {
  pid: number
  seconds: number
  early: number
  late: number
}

/** Lists the processes that lived long enough, with what they had on the heap. */
export function heapsOf(samples: Sample[]): HeapOf[] {
  const byPid = new Map<number, { uptime: number; heap: number }[]>()
  for (const { apps } of samples)
    for (const { pid, uptime, heap } of apps) byPid.set(pid, [...(byPid.get(pid) ?? []), { uptime, heap }])
  return [...byPid].flatMap(([pid, seen]) => {
    const seconds = seen.at(-1)?.uptime ?? 0
    if (seconds < SHORTEST) return []
    const within = (from: number, to: number) =>
      median(seen.filter(({ uptime }) => uptime >= from * seconds && uptime <= to * seconds).map(({ heap }) => heap))
    return [{ pid, seconds, early: within(0.25, 0.5), late: within(0.75, 1) }]
  })
}

export function judgeHeaps(samples: Sample[]): { judged: number; growing: string[] } {
  const heaps = heapsOf(samples)
  const growing = heaps.filter(({ early, late }) => late > Math.max(early * GROWTH.share, early + GROWTH.bytes))
  const inMb = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`
  return {
    judged: heaps.length,
    growing: growing.map(({ pid, early, late }) => `process ${pid}: from ${inMb(early)} to ${inMb(late)}`),
  }
}

function median(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
