import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { type MemoryGrowth, measureMemory } from "./memory.js"
import { type MergeGrowth, measureMerge } from "./merge.js"
import { measurePurge, type PurgeGrowth } from "./purge.js"
import { measureSignInGrowth, type SignInGrowth } from "./sign-in.js"

/** What becomes of time and memory as the data grows. */
export interface GrowthResults {
  signIn: SignInGrowth
  purge: PurgeGrowth
  merge: MergeGrowth
  memory: MemoryGrowth
}

/** Measures all that may grow. */
export async function measureGrowth(bench: Bench, plan: Plan["growth"]): Promise<GrowthResults> {
  return {
    signIn: await measureSignInGrowth(bench, plan.signIn),
    purge: await measurePurge(bench, plan.purge),
    merge: await measureMerge(bench, plan.merge),
    memory: await measureMemory(bench, plan.memory),
  }
}
