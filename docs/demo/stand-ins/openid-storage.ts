import type { Adapter, AdapterPayload } from "oidc-provider"

/** What the stand-in remembers of sign-ins that are under way: in memory, until they expire. */
export class OpenIdStorage implements Adapter {
  private readonly kept = new Map<string, { payload: AdapterPayload; until: number }>()

  constructor(private readonly model: string) {}

  async upsert(id: string, payload: AdapterPayload, seconds: number): Promise<void> {
    // It remembers nobody: a real provider would not ask again who it is, but here one may want to be somebody else.
    if (this.model === "Session") return
    const now = Date.now()
    for (const [old, { until }] of this.kept) if (until < now) this.kept.delete(old)
    this.kept.set(id, { payload, until: now + seconds * 1000 })
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const found = this.kept.get(id)
    return found && found.until >= Date.now() ? found.payload : undefined
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id)
    if (payload) payload.consumed = Math.floor(Date.now() / 1000)
  }

  async destroy(id: string): Promise<void> {
    this.kept.delete(id)
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, { payload }] of this.kept) if (payload.grantId === grantId) this.kept.delete(id)
  }

  /** Only sessions are looked up so. */
  async findByUid(): Promise<undefined> {}

  /** Only devices without a keyboard are looked up so. */
  async findByUserCode(): Promise<undefined> {}
}
