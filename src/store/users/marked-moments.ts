/**
 * The period of marked moments, and where in it they are, in milliseconds. A mark needs no column of
 * its own, and survives in columns without fractions of a second.
 */
export const MARKS = { every: 20_000, at: 17_000 }

/** Tells whether a moment bears the mark. */
export function isMarked(moment: Date): boolean {
  return moment.valueOf() % MARKS.every === MARKS.at
}

/** Returns the last moment with the mark at this time or before it. */
export function markedBefore(time: number): Date {
  return new Date(Math.floor((time - MARKS.at) / MARKS.every) * MARKS.every + MARKS.at)
}

/** Returns the first moment with the mark at this time or after it. */
export function markedAfter(time: number): Date {
  return new Date(Math.ceil((time - MARKS.at) / MARKS.every) * MARKS.every + MARKS.at)
}

/** Moves a moment that bears the mark by chance. */
export function unmarked(moment: Date): Date {
  return isMarked(moment) ? new Date(moment.valueOf() + 1000) : moment
}
