import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { usersByEmail } from "../identifiers/active-users.js"
import type { Database } from "../sql/database.js"
import { redactErrors } from "../sql/redact.js"
import { withLegacyHash } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import type { UserRow } from "../tables/user-row.js"
import { otherHashReader, replaceHash } from "./legacy-password.js"
import { readHash } from "./passwords.js"

/** Reads and replaces password hashes, for the providers, which pass none of them on. */
export interface SignInStore {
  /** Returns the password hash of a real user; null without a password. */
  readHash(userId: string): Promise<string | null>

  /** Returns some password hash that is not argon2id; null when the database holds none. */
  otherHash(): Promise<string | null>

  /**
   * Puts a new hash of the same password in the place of the old one.
   * @returns false, with nothing written, when the password was changed or removed meanwhile
   */
  replaceHash(userId: string, hashes: { old: string; hash: string }): Promise<boolean>

  /**
   * Names the column of older password hashes, as `LazyAdapter({ legacyHash })` does.
   * @throws LazySetupError when it is unfit, or another column was named before
   */
  nameLegacyHash(column: AnyPgColumn): void

  /** Returns the users with this address, at most four; partial unique rules allow several. */
  usersByEmail(email: string): Promise<UserRow[]>
}

const MAX_USERS_PER_ADDRESS = 4

/** Makes the {@link SignInStore} of an adapter. `nameLegacyHash` changes the given tables. */
export function signInStore(db: Database, tables: Tables): SignInStore {
  return redactErrors<SignInStore>({
    readHash: (userId) => readHash(db, tables, userId),
    otherHash: otherHashReader(db, tables),
    replaceHash: (userId, hashes) => replaceHash(db, tables, userId, hashes),
    nameLegacyHash(column) {
      if (tables.legacyHash && tables.legacyHash.column !== column)
        throw new LazySetupError("LazyAdapter: legacyHash names two columns. Name one: legacyHash: users.password")
      if (!tables.legacyHash) Object.assign(tables, withLegacyHash(tables, column))
    },
    usersByEmail: (email) => usersByEmail(db, tables, email, MAX_USERS_PER_ADDRESS),
  })
}
