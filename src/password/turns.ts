/** There are too many who wait for the same work: try again later. */
export class TooManyWaiting extends Error {
  override name = "TooManyWaiting"
}

/** How somebody waits for a turn. */
export interface TurnOptions {
  /** Gives the turn up when it is aborted: the client has hung up, and nobody reads the answer. */
  signal?: AbortSignal | null
  /** How many may wait before; one more is refused with {@link TooManyWaiting}. Default: any number. */
  maxWaiting?: number
}

interface Waiter {
  start: () => void
  refuse: (reason: Error) => void
}

/** Lets so many work at once, and the others wait in the order in which they came. */
export class Turns {
  #running = 0
  readonly #waiting: Waiter[] = []

  constructor(private readonly atOnce: number) {}

  /** @throws TooManyWaiting when {@link take} would at this moment */
  check({ signal, maxWaiting = Number.POSITIVE_INFINITY }: TurnOptions): void {
    if (signal?.aborted) throw hungUp()
    if (this.#running >= this.atOnce && this.#waiting.length >= maxWaiting)
      throw new TooManyWaiting("Too many are waiting.")
  }

  /**
   * Works when it is its turn.
   * @throws TooManyWaiting when there are too many before it, or the client hangs up while it waits
   */
  async take<Result>(work: () => Result | Promise<Result>, options: TurnOptions = {}): Promise<Result> {
    this.check(options)
    if (this.#running < this.atOnce) this.#running += 1
    else await this.#wait(options)
    try {
      return await work()
    } finally {
      // A waiter takes over this place; counting down and up again would let a newcomer slip in between.
      const next = this.#waiting.shift()
      if (next) next.start()
      else this.#running -= 1
    }
  }

  async #wait({ signal }: TurnOptions): Promise<void> {
    let waiter: Waiter | undefined
    const giveUp = () => {
      const place = waiter ? this.#waiting.indexOf(waiter) : -1
      if (place === -1) return
      this.#waiting.splice(place, 1)
      waiter?.refuse(hungUp())
    }
    signal?.addEventListener("abort", giveUp)
    try {
      await new Promise<void>((start, refuse) => {
        waiter = { start, refuse }
        this.#waiting.push(waiter)
      })
    } finally {
      signal?.removeEventListener("abort", giveUp)
    }
  }
}

const hungUp = () => new TooManyWaiting("The client has hung up.")
