import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"
import { type MemoryGrowth, measureMemory } from "./memory.js"
import { type MergeGrowth, measureMerge } from "./merge.js"
import { measurePurge, type PurgeGrowth } from "./purge.js"
import { measureSignInGrowth, type SignInGrowth } from "./sign-in.js"
import { measureTenants, type TenantGrowth } from "./tenants.js"

/** What becomes of time and memory as the data grows. */
export interface GrowthResults {
  signIn: SignInGrowth
  purge: PurgeGrowth
  merge: MergeGrowth
  /** Missing in results of earlier runs. */
  tenants?: TenantGrowth
  memory: MemoryGrowth
}

/** Measures all that may grow. */
export async function measureGrowth(bench: Bench, plan: Plan["growth"]): Promise<GrowthResults> {
  return {
    signIn: await measureSignInGrowth(bench, plan.signIn),
    purge: await measurePurge(bench, plan.purge),
    merge: await measureMerge(bench, plan.merge),
    tenants: await measureTenants(bench, plan.tenants),
    memory: await measureMemory(bench, plan.memory),
  }
}
