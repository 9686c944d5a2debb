import { Session } from "node:inspector/promises"
import type { CpuProfile } from "../profile/self-times.js"

const session = new Session()

/** Begins to record where the time of this process goes. */
export async function startProfile(): Promise<true> {
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.start")
  return true
}

/** What has been recorded. */
export async function stopProfile(): Promise<CpuProfile> {
  const { profile } = await session.post("Profiler.stop")
  session.disconnect()
  return { nodes: profile.nodes, samples: profile.samples ?? [], timeDeltas: profile.timeDeltas ?? [] }
}
