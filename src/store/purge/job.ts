import type { SQL } from "drizzle-orm"
import type { Sought } from "../deletion/closure.js"
import type { PurgeGraph } from "../deletion/graph.js"
import type { ByTable } from "../sql/by-table.js"
import type { DeletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import type { PurgeSettings } from "./options.js"
import type { PurgeReport } from "./types.js"

/** The users that a purge looks for, and the tables to look in. */
export interface Search extends Sought {
  settings: PurgeSettings
  /** Whether there is a table of sessions; an app with JWT sessions needs none. */
  hasSessions: boolean
  /** The condition for a session not to have gone before in a dry run; undefined where none can. */
  sessionIsThere?: SQL | undefined
  /** The tables whose rows can go with users; undefined when triggers may reach any table. */
  within?: readonly number[] | undefined
}

/** Everything that a purge works on. */
export interface PurgeJob {
  /**
   * The database, or in a dry run that lists gone rows the transaction in which all of it happens.
   */
  db: Database
  search: Search
  graph: PurgeGraph
  strategy: PurgeStrategy
}

/** A lazy user who may go. */
export interface Candidate {
  id: string
  /** When the user was last seen, as exactly as the database knows it; null for never. */
  seen: string | null
}

/** The users of a batch, in the order in which they go. */
export interface Picked {
  users: Candidate[]
  /** What the transaction had deleted before them; undefined where that is read later, or never. */
  deletedBefore?: DeletedSoFar
}

/**
 * Users who are held back, by id, with the tables whose rows refer to them or to rows that would go
 * with them.
 */
export type HeldBack = Map<string, Set<string>>

/** Users who went, or would go, with the rows of other tables that go with them. */
export interface Removal {
  purged: number
  deleted: ByTable<number>
}

/**
 * The outcome for the picked users of a batch; users who may not go any more are in neither list.
 */
export interface BatchOutcome {
  /** Those who could go, in their order. */
  free: Candidate[]
  heldBack: HeldBack
  removal: Removal
}

/** The removal of no user. */
export const NOTHING_REMOVED: Removal = { purged: 0, deleted: {} }

/** The work of a purge on the users it finds: deleting them, or counting what would go. */
export interface PurgeStrategy {
  /** The value of `PurgeReport.dryRun`. */
  readonly dryRun: boolean
  /** The clause that locks the users a statement picks, and passes over those that are locked. */
  readonly lock: SQL
  /** Lists the tables, beside that of the sessions, that the role must see every row of. */
  tablesToSee(graph: PurgeGraph): number[]
  /** Runs the whole purge, by batches. */
  run(job: PurgeJob, inBatches: (job: PurgeJob) => Promise<PurgeReport>): Promise<PurgeReport>
  /** Runs one batch so that none of it, or all of it, happens. */
  inTransaction<Result>(db: Database, work: (tx: Database) => Promise<Result>): Promise<Result>
  /** Picks users, and reads what {@link remove} needs to know with them, to save a round trip. */
  pick(tx: Database, job: Pick<PurgeJob, "search" | "graph">, users: SQL): Promise<Picked>
  /** Removes those of the picked users who can go, as many as there is room for. */
  remove(tx: Database, job: PurgeJob, picked: Picked, room: number): Promise<BatchOutcome>
}
