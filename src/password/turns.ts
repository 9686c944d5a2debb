/** Refuses a caller because too many wait for a turn, or because its client disconnected. */
export class TooManyWaiting extends Error {
  override name = "TooManyWaiting"
}

/**
 * Limits how a caller waits for its turn.
 * @example
 * const turn: TurnOptions = { signal: request.signal, maxWaiting: 100 }
 */
export interface TurnOptions {
  /**
   * Leaves the queue when aborted, for example because the client disconnected.
   * @default none: the caller waits
   */
  signal?: AbortSignal | null
  /**
   * Longest queue to join, in callers. The call is refused when more are waiting already.
   * @default Infinity
   */
  maxWaiting?: number
}

interface Waiter {
  start: () => void
  refuse: (reason: Error) => void
}

/** Runs a fixed number of tasks at once and queues the others in order. */
export class Turns {
  #running = 0
  readonly #waiting: Waiter[] = []

  constructor(private readonly atOnce: number) {}

  /**
   * Checks that {@link take} would start or queue a task now.
   * @throws TooManyWaiting when the queue is full, or the signal is aborted
   */
  check({ signal, maxWaiting = Number.POSITIVE_INFINITY }: TurnOptions): void {
    if (signal?.aborted) throw hungUp()
    if (this.#running >= this.atOnce && this.#waiting.length >= maxWaiting)
      throw new TooManyWaiting(`The queue is full: at most ${maxWaiting} callers may wait. Try again later.`)
  }

  /**
   * Runs the work when its turn comes.
   * @throws TooManyWaiting when the queue is full, or the signal is aborted before the turn comes
   */
  async take<Result>(work: () => Result | Promise<Result>, options: TurnOptions = {}): Promise<Result> {
    this.check(options)
    if (this.#running < this.atOnce) this.#running += 1
    else await this.#wait(options)
    try {
      return await work()
    } finally {
      // Hand this turn to the next caller: counting down and up would let a newcomer in first.
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

const hungUp = () => new TooManyWaiting("The client disconnected before its turn came.")
