import { LazySetupError } from "../../errors.js"
import { findRefusal, refusalError } from "../identifiers/refused-writes.js"
import type { Database } from "../sql/database.js"
import { retryTransaction } from "../sql/transactions.js"
import { writtenUsers } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import type { UserRow } from "../tables/user-row.js"

/** The row of a lazy user. */
export type NewUserRow = Partial<UserRow> & { id: string; username: string }

/**
 * The reason why an insert left out the row: a name or an id, for which another one can be drawn,
 * or nothing that still exists.
 */
export type Obstacle = "username" | "id" | "nothing"

/**
 * Finds out why `on conflict do nothing` left out a row, by inserting it without that clause and
 * rolling back.
 * @throws LazySetupError for any other rule than those on name and id, and for a trigger that drops
 * the row
 */
export async function findObstacle(db: Database, tables: Tables, row: NewUserRow): Promise<Obstacle> {
  try {
    await retryTransaction(db, async (tx) => {
      const inserted = await tx.insert(writtenUsers(tables)).values(row).returning({ id: tables.usersTable.id })
      throw new Undone(inserted.length > 0)
    })
  } catch (error) {
    if (error instanceof Undone) {
      if (error.inserted) return "nothing"
      throw new LazySetupError(
        "LazyAdapter: a trigger or a rule of the user table keeps the row of a lazy user from being inserted (such as a BEFORE " +
          "INSERT trigger that returns null). Let it pass rows whose lazySince is set, or set lazy.enabled to false.",
      )
    }
    const refusal = await findRefusal(db, tables, error, row)
    if (refusal?.kind === "taken" && (refusal.field === "username" || refusal.field === "id")) return refusal.field
    throw await explainCreation(db, tables, error, row)
  }
  return "nothing"
}

/** Rolls back the transaction of {@link findObstacle}. */
class Undone extends Error {
  constructor(readonly inserted: boolean) {
    super("Undone on purpose.")
  }
}

/**
 * Returns the error to throw instead of a database error. Where the user row was refused, it says
 * what to change.
 */
export async function explainCreation(db: Database, tables: Tables, error: unknown, row: NewUserRow): Promise<unknown> {
  const refusal = await findRefusal(db, tables, error, row)
  if (!refusal) return error
  if (refusal.kind === "taken" && refusal.field === "email")
    return new LazySetupError(
      "generateEmail returned an address that another user has. Make the address from the id, which is unique: " +
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a line to paste
        "generateEmail: ({ id }) => `${id}@lazy.invalid`",
      { cause: error },
    )
  if (refusal.kind === "invalid" && (refusal.field === "username" || refusal.field === "email")) {
    const maker = refusal.field === "email" ? "generateEmail" : "generateName"
    return new LazySetupError(
      `${maker} returned a value that the column \`${refusal.field}\` of the user table refuses: it is too long, or a check constraint forbids it. Make one that fits.`,
      { cause: error },
    )
  }
  return refusalError(refusal, error)
}
