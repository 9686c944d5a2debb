/** What became of a user, as far as its visitor was told. */
export type Fate =
  | { kind: "lazy" }
  | { kind: "real" }
  /** The rows are another user's now. */
  | { kind: "merged"; into: string }
  /** Signed out as a lazy user, whose rows go. */
  | { kind: "gone" }

/** A row whose writing was acknowledged. */
interface WrittenRow {
  id: string
  table: "note" | "mark"
  writer: string
}

/** A session as the visitor has it. */
interface HeldSession {
  token: string
  userId: string
}

/** What a visitor saw instead of an answer to the request: a status, or a lost connection. */
export type Failure = `${number}` | "no answer"

/**
 * Records on the visitors' side what the servers acknowledged. Nothing is read from the database
 * here, so that what the database says can be held against it.
 */
export class Ledger {
  readonly users = new Map<string, Fate>()
  readonly rows: WrittenRow[] = []
  /** The user under whom each writer wrote last. */
  readonly writers = new Map<string, string>()
  readonly endedTokens: string[] = []
  readonly held = new Map<string, HeldSession>()
  /**
   * First visits that got no answer, or a 503 after which their browser stayed away: the users they
   * made, if any, are nobody's.
   */
  abandoned = 0
  /** Requests of the visitors and of the sign-ins that are timed. */
  requests = 0
  readonly failures = new Map<string, number>()
  readonly done = new Map<string, number>()
  /** What contradicts a promise, as it happened. */
  readonly broken: string[] = []

  fail(what: string, failure: Failure): void {
    const name = `${what}: ${failure}`
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }

  count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1)
  }

  breaks(what: string): void {
    this.broken.push(`${new Date().toISOString()} ${what}`)
  }

  /** Follows merges to the user who has the rows; undefined where they may go. */
  ownerOf(userId: string | undefined): string | undefined {
    const fate = userId === undefined ? undefined : this.users.get(userId)
    if (!fate || fate.kind === "gone") return undefined
    return fate.kind === "merged" ? this.ownerOf(fate.into) : userId
  }
}
