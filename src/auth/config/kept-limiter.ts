import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible"

/** A number of points, and the seconds in which they may be taken. */
export interface Allowance {
  points: number
  duration: number
}

/**
 * Counts for one configuration. The first take counts in a limiter that outlives it, because the
 * configuration may exist for this request alone, as in Workers. A second take shows that it serves
 * several requests: its counts then move to a counter of its own, which other configurations do not
 * share.
 */
export class KeptLimiter extends RateLimiterMemory {
  #takes = 0
  /** The points that the first request took, by key. */
  #first: Map<string, number> | undefined = new Map()

  constructor(
    name: string,
    allowance: Allowance,
    private readonly outliving: RateLimiterMemory,
  ) {
    super({ keyPrefix: name, ...allowance })
  }

  override async consume(key: string, points = 1): Promise<RateLimiterRes> {
    this.#takes += 1
    if (this.#takes === 2) await this.#takeOver()
    if (!this.#first) return super.consume(key, points)
    this.#count(key, points)
    return this.outliving.consume(key, points)
  }

  override async penalty(key: string, points = 1): Promise<RateLimiterRes> {
    if (!this.#first) return super.penalty(key, points)
    this.#count(key, points)
    return this.outliving.penalty(key, points)
  }

  override async reward(key: string, points = 1): Promise<RateLimiterRes> {
    if (!this.#first) return super.reward(key, points)
    this.#count(key, -points)
    return this.outliving.reward(key, points)
  }

  override async delete(key: string): Promise<boolean> {
    if (!this.#first) return super.delete(key)
    this.#first.delete(key)
    return this.outliving.delete(key)
  }

  #count(key: string, points: number): void {
    this.#first?.set(key, (this.#first.get(key) ?? 0) + points)
  }

  async #takeOver(): Promise<void> {
    const first = this.#first ?? new Map<string, number>()
    this.#first = undefined
    for (const [key, points] of first) {
      if (points <= 0) continue
      await super.penalty(key, points)
      await this.outliving.reward(key, points)
    }
  }
}
