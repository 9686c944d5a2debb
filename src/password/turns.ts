/** Too many callers wait for the same work. Try again later. */
export class TooManyWaiting extends Error {
  override name = "TooManyWaiting"
}

/** Options of a caller that waits for a turn. */
export interface TurnOptions {
  /** Gives up the turn when aborted, for example when the client disconnects. */
  signal?: AbortSignal | null
  /**
   * How many callers may wait before this one; beyond it, throws {@link TooManyWaiting}.
   * @default any number
   */
  maxWaiting?: number
}

interface Waiter {
  start: () => void
  refuse: (reason: Error) => void
}

/** Runs a fixed number of tasks at once. The others wait in order. */
export class Turns {
  #running = 0
  readonly #waiting: Waiter[] = []

  constructor(private readonly atOnce: number) {}

  /**
   * Checks that {@link take} would not refuse now.
   * @throws TooManyWaiting when it would
   */
  check({ signal, maxWaiting = Number.POSITIVE_INFINITY }: TurnOptions): void {
    if (signal?.aborted) throw hungUp()
    if (this.#running >= this.atOnce && this.#waiting.length >= maxWaiting)
      throw new TooManyWaiting("Too many are waiting.")
  }

  /**
   * Runs the work when its turn comes.
   * @throws TooManyWaiting when too many are waiting, or the signal is aborted while waiting
   */
  async take<Result>(work: () => Result | Promise<Result>, options: TurnOptions = {}): Promise<Result> {
    this.check(options)
    if (this.#running < this.atOnce) this.#running += 1
    else await this.#wait(options)
    try {
      return await work()
    } finally {
      // Hand this place to the next waiter. Counting down and up would let a newcomer slip in.
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
