import { LazySetupError } from "../errors.js"
import { readTablesWith } from "./sql/catalogue/tables.js"
import type { Database } from "./sql/database.js"

/** The columns that Auth.js prescribes for accounts, sessions and verification tokens. */
const PRESCRIBED = [
  ["userid", "provider", "provideraccountid"],
  ["userid", "sessiontoken", "expires"],
  ["identifier", "token", "expires"],
]

/**
 * Finds tables of another Auth.js adapter, in any schema, by their columns. Their names differ
 * between adapters: `accounts`, `"Account"`, `shop_account`.
 * @returns their names: `table` in the schema public, `schema.table` elsewhere
 */
export function otherAdapterTables(db: Database): Promise<string[]> {
  return readTablesWith(db, PRESCRIBED)
}

/**
 * Refuses to migrate beside another adapter: the users of the app would stay in its tables, and
 * none of them could sign in.
 * @throws LazySetupError naming the tables of the other adapter
 */
export function refuseSecondSet(others: string[]): void {
  if (others.length === 0) return
  throw new LazySetupError(
    `The database has tables of another Auth.js adapter (${others.join(", ")}), and migrating would make a second, empty set beside them. ` +
      "Nothing was changed. To keep your users, spread lazyColumns() into the definition of your user table and give your tables to LazyAdapter; " +
      "to make the default tables anyway: authjs-lazy migrate --beside",
  )
}
