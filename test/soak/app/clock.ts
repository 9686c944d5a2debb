const RealDate = Date

/** Sets the clock of this process forward whenever its parent says so, by milliseconds. */
export function obeyClock(): void {
  let ahead = 0
  class ShiftedDate extends RealDate {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(RealDate.now() + ahead)
      else super(...(given as [number]))
    }

    static override now(): number {
      return RealDate.now() + ahead
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor
  process.on("message", (message) => {
    const { clockAhead } = message as { clockAhead?: number }
    if (clockAhead !== undefined) ahead = clockAhead
  })
}
